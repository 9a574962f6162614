-- A script for sysbench: one event is a login, one SELECT 1, and a goodbye.

sysbench.cmdline.options = {}

function thread_init()
   driver = sysbench.sql.driver()
end

function event()
   local connection = driver:connect()
   local result = connection:query("SELECT 1")
   result:free()
   connection:disconnect()
end
