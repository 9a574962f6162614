CREATE TABLE IF NOT EXISTS orders (user_id INT, item VARCHAR(20), price DECIMAL(8, 2), KEY (user_id));
INSERT INTO orders VALUES (5, 'tea', 4.50), (6, 'cup', 7.90), (5, 'pot', 24.00), (11, 'tea', 4.50);
SELECT * FROM orders WHERE user_id = 5;
SELECT item, price FROM orders WHERE price < 10;
EXPLAIN ATHENA SELECT item, price FROM orders WHERE price < 10;
