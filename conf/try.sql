CREATE TABLE IF NOT EXISTS orders (id BIGINT PRIMARY KEY, user_id INT NOT NULL,
  item VARCHAR(20), price DECIMAL(8, 2), KEY (user_id));
INSERT INTO orders (user_id, item, price) VALUES
  (5, 'tea', 4.50), (6, 'cup', 7.90), (5, 'pot', 24.00), (11, 'tea', 4.50);
SELECT id, item, price FROM orders WHERE user_id = 5;
SELECT user_id, item FROM orders WHERE price < 10;
EXPLAIN ATHENA SELECT user_id, item FROM orders WHERE price < 10;
