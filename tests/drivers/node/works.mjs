// The works of tests/drivers/test_mysql2.py. Usage: node works.mjs WORK, with the place as JSON on
// standard input. What a work saw is printed as JSON: [name, thing] pairs.

import { readFileSync } from "node:fs";
import mysql from "mysql2/promise";

const place = JSON.parse(readFileSync(0, "utf8"));
const seen = [];
const note = (name, thing) => seen.push([name, plain(thing)]);

// JSON has neither undefined, nor bytes, nor dates, nor large integers.
function plain(thing) {
  if (thing === undefined) return { undefined: true };
  if (typeof thing === "bigint") return { bigint: `${thing}` };
  if (Buffer.isBuffer(thing)) return { bytes: thing.toString("hex") };
  if (thing instanceof Date) return { date: thing.toISOString() };
  if (Array.isArray(thing)) return thing.map(plain);
  if (thing === null || typeof thing !== "object") return thing;
  return Object.fromEntries(Object.entries(thing).map(([key, value]) => [key, plain(value)]));
}

const options = (more = {}) => ({
  host: place.host,
  port: place.port,
  user: place.user,
  password: place.password,
  database: place.database,
  timezone: "Z",
  ...more,
});

async function connected(more, work) {
  const connection = await mysql.createConnection(options(more));
  try {
    return await work(connection);
  } finally {
    connection.destroy();
  }
}

const column = (field) => [
  field.name,
  field.orgName ?? null,
  field.table,
  field.orgTable ?? null,
  field.schema ?? null,
  field.columnType ?? field.type,
  field.characterSet,
  field.columnLength,
  field.flags,
  field.decimals,
];

const refusal = async (promise) => {
  try {
    await promise;
    return "no error";
  } catch (error) {
    return [error.code, error.errno, error.sqlState, error.sqlMessage];
  }
};

const changed = (result) => [
  result.affectedRows,
  result.insertId,
  result.changedRows ?? null,
  result.warningStatus,
  result.info,
];

const THINGS = `CREATE TABLE things (
  id INT AUTO_INCREMENT PRIMARY KEY, name VARCHAR(60), amount DECIMAL(20, 5), ratio DOUBLE,
  small TINYINT, big BIGINT, at_ DATETIME(3), day_ DATE, took TIME, body LONGBLOB, js JSON)`;

const ROWS = [
  ["naïve 🐬 'x' \\", "12345.67890", 0.1, -5, "-9007199254740993", new Date("2024-02-29T12:30:15.250Z"),
    "2024-02-29", "-12:34:56", Buffer.from([0, 255, 39, 92]), JSON.stringify({ a: [1, null, "ü"] })],
  [null, null, null, null, null, null, null, null, null, null],
  ["", "0", -1e300, 1, "9223372036854775807", new Date("1999-01-01T00:00:00Z"),
    "1000-01-01", "838:59:59", Buffer.alloc(0), "[]"],
];

const works = {
  // Text and prepared statements give the same rows.
  async values() {
    // MariaDB says which texts are JSON in its extended metadata only, which the proxy has not.
    const numbers = { supportBigNumbers: true, bigNumberStrings: true, jsonStrings: place.mariadb };
    await connected(numbers, async (connection) => {
      await connection.query(THINGS);
      const marks = ROWS[0].map(() => "?").join(", ");
      const names = "name, amount, ratio, small, big, at_, day_, took, body, js";
      for (const [at, row] of ROWS.entries()) {
        for (const way of ["query", "execute"]) {
          const sql = `INSERT INTO things (${names}) VALUES (${marks})`;
          const [result] = await connection[way](sql, row);
          note(`inserted ${at} by ${way}`, changed(result));
        }
      }
      for (const way of ["query", "execute"]) {
        const [rows, fields] = await connection[way]("SELECT * FROM things WHERE id > ?", [0]);
        note(`rows by ${way}`, rows);
        note(`columns by ${way}`, fields.map(column));
      }
      const arrays = { sql: "SELECT id, name FROM things ORDER BY id LIMIT 2", rowsAsArray: true };
      note("arrays", (await connection.query(arrays))[0]);
    });
  },

  async transactions() {
    await connected({}, async (one) => connected({}, async (two) => {
      await one.query("CREATE TABLE t (a INT PRIMARY KEY)");
      const count = async (connection) => (await connection.query("SELECT COUNT(*) n FROM t"))[0][0].n;
      for (const end of ["rollback", "commit"]) {
        await one.beginTransaction();
        await one.execute("INSERT INTO t VALUES (?)", [1]);
        await one.query("SAVEPOINT s");
        await one.execute("INSERT INTO t VALUES (?)", [2]);
        await one.query("ROLLBACK TO s");
        note(`before ${end}`, [await count(one), await count(two)]);
        await one[end]();
        note(`after ${end}`, [await count(one), await count(two)]);
      }
      note("duplicate", await refusal(one.execute("INSERT INTO t VALUES (?)", [1])));
      note("duplicate as text", await refusal(one.query("INSERT INTO t VALUES (1)")));
      note("goes on", await count(one));
    }));
  },

  async errors() {
    await connected({}, async (connection) => {
      for (const way of ["query", "execute"]) {
        note(`syntax by ${way}`, await refusal(connection[way]("SELEC 1")));
        note(`table by ${way}`, await refusal(connection[way]("SELECT * FROM missing")));
        note(`column by ${way}`, await refusal(connection[way]("SELECT missing")));
      }
      note("goes on", (await connection.execute("SELECT ? + 1 AS n", [1]))[0]);
    });
  },

  // Prepared once, executed often, by several connections in turn; closed and used again.
  async statements() {
    await connected({}, async (one) => connected({}, async (two) => {
      const text = "SELECT ? AS a, CONNECTION_ID() > 0 AS b, ? AS c";
      const mine = await one.prepare(text);
      const theirs = await two.prepare(text);
      for (let turn = 0; turn < 10; turn += 1) {
        for (const [who, statement] of [["mine", mine], ["theirs", theirs]]) {
          const values = [turn % 3 ? `text ${turn}` : null, turn % 2 ? turn : "ü"];
          note(`${who} ${turn}`, (await statement.execute(values))[0]);
        }
        await one.query("SET @turn = ?", [turn]);
      }
      await mine.close();
      await theirs.close();
      note("user variable", (await one.execute("SELECT @turn AS turn"))[0]);
      one.unprepare(text);
      const many = [];
      for (let n = 0; n < 300; n += 1) many.push((await one.execute(`SELECT ? + ${n} AS n`, [n]))[0][0].n);
      note("many", many);
    }));
  },

  // Commands that are sent without waiting for answers.
  async pipeline() {
    await connected({}, async (connection) => {
      await connection.query("CREATE TABLE t (a INT)");
      const answers = [];
      for (let n = 0; n < 30; n += 1) {
        answers.push(connection.query("INSERT INTO t VALUES (?)", [n]));
        answers.push(connection.execute("SELECT COUNT(*) AS n, ? AS turn FROM t", [n]));
        if (n % 10 === 5) answers.push(refusal(connection.query("SELECT * FROM missing")));
      }
      for (const [at, answer] of (await Promise.all(answers)).entries()) note(`answer ${at}`, answer[0]);
    });
  },

  async pool() {
    const pool = mysql.createPool(options({ connectionLimit: 10, maxIdle: 3 }));
    await pool.query("CREATE TABLE t (who INT, turn INT, KEY (who))");
    const work = async (who) => {
      const found = [];
      for (let turn = 0; turn < 10; turn += 1) {
        const connection = await pool.getConnection();
        try {
          await connection.query("SET @who = ?", [who]);
          await connection.beginTransaction();
          await connection.execute("INSERT INTO t VALUES (?, ?)", [who, turn]);
          const [[row]] = await connection.execute("SELECT @who AS who, ? AS turn", [turn]);
          found.push(row);
          await (turn % 2 ? connection.rollback() : connection.commit());
        } finally {
          connection.release();
        }
      }
      return found;
    };
    note("work", await Promise.all([...Array(30).keys()].map(work)));
    const [rows] = await pool.execute("SELECT who, COUNT(*) AS n FROM t GROUP BY who ORDER BY who");
    note("rows", rows);
    await pool.end();
  },

  async upkeep() {
    await connected({}, async (connection) => {
      const state = async (name) => {
        const [rows] = await connection.query("SELECT @v AS v, @@time_zone AS zone, DATABASE() AS db");
        note(name, rows);
        note(`${name}: table`, await refusal(connection.query("SELECT * FROM scratch")));
      };
      const dirty = async () => {
        await connection.query("SET @v = 'mine', time_zone = '+03:00'");
        await connection.query("CREATE TEMPORARY TABLE scratch (a INT)");
        await connection.beginTransaction();
      };
      await dirty();
      await connection.ping();
      await state("pinged");
      if (connection.reset) {
        await connection.reset();
        await state("reset");
        await dirty();
      }
      const { user, password, database } = place;
      await connection.changeUser({ user, password, database });
      await state("changed");
      note("prepared", (await connection.execute("SELECT ? AS x", ["after"]))[0]);
      const wrong = await refusal(connection.changeUser({ user, password: "wrong", database }));
      note("wrong password", wrong[1]);
    });
  },

  async results() {
    await connected({ multipleStatements: true }, async (connection) => {
      const sql = "SELECT 1 AS a; CREATE TABLE t (x INT); INSERT INTO t VALUES (1), (2); SELECT x FROM t";
      const [results] = await connection.query(sql);
      note("results", results.map((one) => (Array.isArray(one) ? one : changed(one))));
      note("until the error", await refusal(connection.query("SELECT 1; SELEC 2")));
      const rows = [];
      const stream = connection.connection.query("SELECT a.x, b.x AS y FROM t a, t b ORDER BY 1, 2").stream();
      for await (const row of stream) rows.push(row);
      note("streamed", rows);
    });
    const one = await refusal(connected({}, (connection) => connection.query("SELECT 1; SELECT 2")));
    note("not allowed", one.slice(0, 3));
  },

  async procedures() {
    await connected({}, async (connection) => {
      await connection.query("CREATE TABLE t (a INT)");
      await connection.query("INSERT INTO t VALUES (1), (2)");
      await connection.query(
        "CREATE PROCEDURE p(IN x INT, OUT y INT) BEGIN SELECT a FROM t WHERE a >= x; " +
        "SELECT 'second' AS name; SET y = x * 2; END");
      for (const way of ["query", "execute"]) {
        const [results] = await connection[way]("CALL p(?, @y)", [2]);
        note(`by ${way}`, results.map((one) => (Array.isArray(one) ? one : changed(one))));
        note(`OUT by ${way}`, (await connection.query("SELECT @y AS y"))[0]);
      }
    });
  },

  async blobs() {
    await connected({}, async (connection) => {
      await connection.query("CREATE TABLE t (id INT, body LONGBLOB)");
      for (const [id, size] of place.sizes.entries()) {
        const body = Buffer.alloc(size, "ab\\'\0");
        for (const way of ["query", "execute"]) {
          await connection[way]("INSERT INTO t VALUES (?, ?)", [id, body]);
          const [[row]] = await connection[way]("SELECT body FROM t WHERE id = ? LIMIT 1", [id]);
          note(`${size} by ${way}`, body.equals(row.body));
          await connection.query("DELETE FROM t");
        }
      }
    });
  },

  async compressed() {
    await connected({ compress: true }, async (connection) => {
      const [[row]] = await connection.query("SELECT REPEAT('long ', 100000) AS text, 1 AS one");
      note("long", [row.text.length, row.one]);
      const text = "x".repeat(300000);
      note("sent", (await connection.execute("SELECT LENGTH(?) AS n", [text]))[0]);
      note("short", (await connection.query("SELECT 1 AS n"))[0]);
    });
  },

  // Tables items and wide are there; the place may have their rows on several servers.
  async sharded() {
    await connected({}, async (one) => {
      for (const way of ["query", "execute"]) {
        for (const user of [1, 2, 3, 4, -3, 5]) {
          const values = [user, `${way} ü`, user * 10];
          note(`insert ${user} by ${way}`, changed((await one[way]("INSERT INTO items VALUES (?, ?, ?)", values))[0]));
        }
        for (const user of [5, "2", -3, 99]) {
          const [rows, fields] = await one[way]("SELECT n, item FROM items WHERE user_id = ?", [user]);
          note(`user ${user} by ${way}`, rows);
          note(`tables of ${user} by ${way}`, fields.map((field) => [field.table, field.orgTable]));
        }
        const [all] = await one[way]("SELECT user_id, n FROM items WHERE n > ?", [15]);
        note(`all by ${way}`, all.map((row) => [row.user_id, row.n]).sort());
        note(`update by ${way}`, changed((await one[way]("UPDATE items SET n = n + ? WHERE user_id = ?", [1, 5]))[0]));
      }
      for (const end of ["rollback", "commit"]) {
        await one.beginTransaction();
        await one.execute("UPDATE items SET n = ? WHERE user_id = ?", [77, 1]);
        await one.query("DELETE FROM items WHERE user_id = 5");
        await one[end]();
        note(`after ${end}`, (await one.execute("SELECT n FROM items WHERE user_id = ?", [1]))[0]);
      }
      const [many] = await one.query("INSERT INTO wide (k, c0) VALUES ?", [[[1, 1], [2, 2], [3, 3]]]);
      note("many", changed(many));
      note("duplicate", await refusal(one.execute("INSERT INTO items VALUES (?, ?, ?)", [1, "query ü", 1])));
      note("goes on", (await one.query("SELECT c0 FROM wide WHERE k = 3"))[0]);
    });
  },

  async infile() {
    await connected({}, async (connection) => {
      await connection.query("CREATE TABLE t (id INT, body VARCHAR(50))");
      const { Readable } = await import("node:stream");
      const lines = Array.from({ length: 50000 }, (_, n) => Buffer.from(`${n}\ttext ${n}\n`));
      const [result] = await connection.query({
        sql: "LOAD DATA LOCAL INFILE 'lines' INTO TABLE t",
        infileStreamFactory: () => Readable.from(lines),
      });
      note("loaded", changed(result));
      note("rows", (await connection.query("SELECT COUNT(*) AS n, SUM(id) AS s FROM t"))[0]);
    });
  },
};

await works[process.argv[2]]();
console.log(JSON.stringify(seen));
