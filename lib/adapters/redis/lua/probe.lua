-- Whether every command that scripts use may be used here. A script that is refused in the middle keeps what
-- it wrote before, so all of them are tried when the store is opened, on a key of their own that is gone at
-- the end. Whatever else they answer does not matter.
--
-- Returns   per command that is refused: its name, why; and per key of ours that holds something else: '',
--           key
local P, refused = KEYS[1] .. ':', {}
local key = P .. 'probe\n'

local function may(...)
  local answer = redis.pcall(...)
  local why = type(answer) == 'table' and answer.err
  if not why then return true end
  for _, sign in ipairs({ 'NOPERM', 'ACL failure', 'The user executing', 'Unknown Redis command', 'unknown command' }) do
    if string.find(why, sign, 1, true) then
      refused[#refused + 1] = (...) .. ((...) == 'PUBSUB' and ' NUMSUB' or '')
      refused[#refused + 1] = why
      return false
    end
  end
  return true
end

may('TIME')
may('PUBLISH', string.sub(ARGV[3], 2) .. ':hint:probe', '')
may('PUBSUB', 'NUMSUB', string.sub(ARGV[3], 2) .. ':hint:probe')
-- What could not be deleted would stay: nothing is written then.
if may('DEL', key) then
  for _, command in ipairs({
    { 'SET', key, 1 }, { 'SETNX', key, 1 }, { 'MSETNX', key, 1 }, { 'GET', key }, { 'MGET', key }, { 'INCR', key }, { 'STRLEN', key }, { 'GETRANGE', key, 0, 0 }, { 'EXISTS', key }, { 'TYPE', key }, { 'DEL', key },
    { 'HSET', key, 'a', 1 }, { 'HSETNX', key, 'a', 1 }, { 'HGET', key, 'a' }, { 'HMGET', key, 'a' }, { 'HGETALL', key }, { 'HKEYS', key }, { 'HLEN', key },
    { 'HEXISTS', key, 'a' }, { 'HSCAN', key, 0 }, { 'HINCRBY', key, 'a', 1 }, { 'HDEL', key, 'a' }, { 'DEL', key },
    { 'RPUSH', key, 1 }, { 'LPUSH', key, 1 }, { 'LLEN', key }, { 'LINDEX', key, 0 }, { 'LPOS', key, 1 }, { 'LRANGE', key, 0, 0 }, { 'LPOP', key, 1 }, { 'DEL', key },
    { 'SADD', key, 1 }, { 'SMEMBERS', key }, { 'SRANDMEMBER', key, 1 }, { 'SREM', key, 1 }, { 'DEL', key },
    { 'ZADD', key, 1, 1 }, { 'ZCARD', key }, { 'ZCOUNT', key, 0, 0 }, { 'ZRANGE', key, 0, 0 }, { 'ZREVRANGE', key, 0, 0 }, { 'ZRANGEBYSCORE', key, 0, 0 },
    { 'ZREVRANGEBYSCORE', key, 0, 0 }, { 'ZREVRANK', key, 1 }, { 'ZSCORE', key, 1 }, { 'ZREMRANGEBYSCORE', key, 0, 0 }, { 'ZREM', key, 1 }, { 'DEL', key },
    { 'XADD', key, 'MAXLEN', '~', 1, '*', 'm', 1 }, { 'XRANGE', key, '-', '+' },
  }) do
    may(unpack(command))
  end
  redis.pcall('DEL', key)
end

-- Keys that are there in every store: of another kind, they are somebody else's, and scripts would fail at
-- them half-way.
local KINDS = {
  string = { 's', 'mail', 'wlast', 'olast', 'es', 'lt' },
  hash = { 'q', 'active', 'ended', 'facts', 'workers', 'wno', 'held', 'wc', 'sn', 'outbox', 'along', 'ev', 'sc', 'sr', 'lk', 'ids' },
  zset = { 'segments', 'dead', 'leases', 'holders', 'er', 'sd', 'lu', 'seen' },
  set = { 'keeps', 'needed', 'names', 'os' },
  stream = { 'control' },
}
for kind, names in pairs(KINDS) do
  for _, name in ipairs(names) do
    local found = redis.pcall('TYPE', P .. name)
    found = type(found) == 'table' and found.ok
    if found and found ~= 'none' and found ~= kind then
      refused[#refused + 1] = ''
      refused[#refused + 1] = P .. name .. ' is a ' .. found .. ', not a ' .. kind
    end
  end
end
return refused
