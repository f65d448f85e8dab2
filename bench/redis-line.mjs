// Which structure should carry Redis's ready line? node bench/redis-line.mjs [jobs per call]
// Prints, for four structures with the same state per job beside them (and one with none), what the server
// spends on a job. See docs/decisions/006-redis-layout.md.
import { Redis } from "ioredis";
import { startRedis } from "./servers/redis.mjs";

const LINES = {
  "zset+hash": {
    enq: `local h=redis.call('TIME')[1]..':'..redis.call('INCRBY','{s}seq',#ARGV/2)..':'
      local n=#ARGV local ids={} for i=1,n,2 do ids[#ids+1]=ARGV[i] end
      local ex=redis.call('HMGET','{s}jobs',unpack(ids)) for i=1,#ex do if ex[i] then return 1 end end
      local set,z={}, {} local s=tonumber(redis.call('GET','{s}seq')) local due=1000
      for i=1,n,2 do set[i]=ARGV[i] set[i+1]=h..ARGV[i+1] z[i]=due z[i+1]=string.format('%012d',s+i)..'p'..ARGV[i] end
      redis.call('HSET','{s}jobs',unpack(set)) redis.call('ZADD','{s}line',unpack(z)) redis.call('RPUSH','{s}idx',unpack(ids)) redis.call('HINCRBY','{s}cnt','ready',n/2) return 0`,
    step: `local n=#ARGV-1 local lim=tonumber(ARGV[1]) local out={}
      if n>0 then local a=redis.call('HMGET','{s}active',unpack(ARGV,2)) local e={} local k={} local c={}
        for i=1,n do local v=a[i] if v then c[v]=(c[v] or 0)+1 e[2*i-1]=ARGV[i+1] e[2*i]='s1764083699123|0|'..v..'|' k[i]='1764083699123:'..ARGV[i+1] end end
        redis.call('HDEL','{s}active',unpack(ARGV,2)) redis.call('HSET','{s}ended',unpack(e)) redis.call('RPUSH','{s}kept',unpack(k)) redis.call('HINCRBY','{s}cnt','active',-n) redis.call('HINCRBY','{s}cnt','succeeded',n) end
      local m=redis.call('ZRANGEBYSCORE','{s}line','-inf',2000,'LIMIT',0,lim) local k=#m if k==0 then return out end
      local ids={} for i=1,k do ids[i]=string.sub(m[i],14) end
      local jobs=redis.call('HMGET','{s}jobs',unpack(ids)) local av='1|1|1764083699123|12' local t={} for i=1,k do t[2*i-1]=ids[i] t[2*i]=av end
      redis.call('HSET','{s}active',unpack(t)) redis.call('ZREMRANGEBYRANK','{s}line',0,k-1) redis.call('HINCRBY','{s}cnt','ready',-k) redis.call('HINCRBY','{s}cnt','active',k) 
      return {jobs,ids}`,
  },
  "zset+strings": {
    enq: `local h=redis.call('TIME')[1]..':'..redis.call('INCRBY','{s}seq',#ARGV/2)..':'
      local n=#ARGV local ids={} 
      local set,z={}, {} local s=tonumber(redis.call('GET','{s}seq')) local due=1000
      for i=1,n,2 do ids[#ids+1]=ARGV[i] set[i]='{s}j:'..ARGV[i] set[i+1]=h..ARGV[i+1] z[i]=due z[i+1]=string.format('%012d',s+i)..'p'..ARGV[i] end
      if redis.call('MSETNX',unpack(set))==0 then return 1 end redis.call('ZADD','{s}line',unpack(z)) redis.call('RPUSH','{s}idx',unpack(ids)) redis.call('HINCRBY','{s}cnt','ready',n/2) return 0`,
    step: `local n=#ARGV-1 local lim=tonumber(ARGV[1]) local out={}
      if n>0 then local a=redis.call('HMGET','{s}active',unpack(ARGV,2)) local e={} local k={} local c={}
        for i=1,n do local v=a[i] if v then c[v]=(c[v] or 0)+1 e[2*i-1]=ARGV[i+1] e[2*i]='s1764083699123|0|'..v..'|' k[i]='1764083699123:'..ARGV[i+1] end end
        redis.call('HDEL','{s}active',unpack(ARGV,2)) redis.call('HSET','{s}ended',unpack(e)) redis.call('RPUSH','{s}kept',unpack(k)) redis.call('HINCRBY','{s}cnt','active',-n) redis.call('HINCRBY','{s}cnt','succeeded',n) end
      local m=redis.call('ZRANGEBYSCORE','{s}line','-inf',2000,'LIMIT',0,lim) local k=#m if k==0 then return out end
      local ids,ks={},{} for i=1,k do local x=string.sub(m[i],14) ids[i]=x ks[i]='{s}j:'..x end
      local jobs=redis.call('MGET',unpack(ks)) local av='1|1|1764083699123|12' local t={} for i=1,k do t[2*i-1]=ids[i] t[2*i]=av end
      redis.call('HSET','{s}active',unpack(t)) redis.call('ZREMRANGEBYRANK','{s}line',0,k-1) redis.call('HINCRBY','{s}cnt','ready',-k) redis.call('HINCRBY','{s}cnt','active',k) 
      return {jobs,ids}`,
  },
  "list+hash": {
    enq: `local h=redis.call('TIME')[1]..':'..redis.call('INCRBY','{s}seq',#ARGV/2)..':'
      local n=#ARGV local ids={} for i=1,n,2 do ids[#ids+1]=ARGV[i] end
      local ex=redis.call('HMGET','{s}jobs',unpack(ids)) for i=1,#ex do if ex[i] then return 1 end end
      local set={} 
      for i=1,n,2 do set[i]=ARGV[i] set[i+1]=h..ARGV[i+1] end
      redis.call('HSET','{s}jobs',unpack(set)) redis.call('RPUSH','{s}line',unpack(ids)) redis.call('RPUSH','{s}idx',unpack(ids)) redis.call('HINCRBY','{s}cnt','ready',n/2) return 0`,
    step: `local n=#ARGV-1 local lim=tonumber(ARGV[1]) local out={}
      if n>0 then local a=redis.call('HMGET','{s}active',unpack(ARGV,2)) local e={} local k={} local c={}
        for i=1,n do local v=a[i] if v then c[v]=(c[v] or 0)+1 e[2*i-1]=ARGV[i+1] e[2*i]='s1764083699123|0|'..v..'|' k[i]='1764083699123:'..ARGV[i+1] end end
        redis.call('HDEL','{s}active',unpack(ARGV,2)) redis.call('HSET','{s}ended',unpack(e)) redis.call('RPUSH','{s}kept',unpack(k)) redis.call('HINCRBY','{s}cnt','active',-n) redis.call('HINCRBY','{s}cnt','succeeded',n) end
      local ids=redis.call('LPOP','{s}line',lim) if not ids then return out end local k=#ids
      local jobs=redis.call('HMGET','{s}jobs',unpack(ids)) local av='1|1|1764083699123|12' local t={} for i=1,k do t[2*i-1]=ids[i] t[2*i]=av end
      redis.call('HSET','{s}active',unpack(t)) redis.call('HINCRBY','{s}cnt','ready',-k) redis.call('HINCRBY','{s}cnt','active',k) 
      return {jobs,ids}`,
  },
  stream: {
    enq: `local n=#ARGV local ids={} for i=1,n,2 do ids[#ids+1]=ARGV[i] end
      local ex=redis.call('HMGET','{s}jobs',unpack(ids)) for i=1,#ex do if ex[i] then return 1 end end
      local set={} local h=redis.call('TIME')[1]..':'
      for i=1,n,2 do set[i]=ARGV[i] set[i+1]=h..ARGV[i+1] redis.call('XADD','{s}line','*','j',ARGV[i]) end
      redis.call('HSET','{s}jobs',unpack(set)) redis.call('RPUSH','{s}idx',unpack(ids)) redis.call('HINCRBY','{s}cnt','ready',n/2) return 0`,
    step: `local n=(#ARGV-1)/2 local lim=tonumber(ARGV[1]) local out={}
      if n>0 then local ids,xs={},{} for i=1,n do ids[i]=ARGV[2*i] xs[i]=ARGV[2*i+1] end
        local a=redis.call('HMGET','{s}active',unpack(ids)) local e={} local k={} local c={}
        for i=1,n do local v=a[i] if v then c[v]=(c[v] or 0)+1 e[2*i-1]=ids[i] e[2*i]='s1764083699123|0|'..v..'|' k[i]='1764083699123:'..ids[i] end end
        redis.call('HDEL','{s}active',unpack(ids)) redis.call('HSET','{s}ended',unpack(e)) redis.call('RPUSH','{s}kept',unpack(k)) redis.call('XACK','{s}line','g',unpack(xs)) redis.call('XDEL','{s}line',unpack(xs)) redis.call('HINCRBY','{s}cnt','active',-n) redis.call('HINCRBY','{s}cnt','succeeded',n) end
      local x=redis.call('XREADGROUP','GROUP','g','c','COUNT',lim,'STREAMS','{s}line','>') if not x then return out end local m=x[1][2] local k=#m
      local ids,xs={},{} for i=1,k do ids[i]=m[i][2][2] xs[i]=m[i][1] end
      local jobs=redis.call('HMGET','{s}jobs',unpack(ids)) local av='1|1|1764083699123|12' local t={} for i=1,k do t[2*i-1]=ids[i] t[2*i]=av end
      redis.call('HSET','{s}active',unpack(t)) redis.call('HINCRBY','{s}cnt','ready',-k) redis.call('HINCRBY','{s}cnt','active',k) 
      return {jobs,ids,xs}`,
    stream: true,
  },
  "bare stream": {
    enq: `local n=#ARGV local ids={} for i=1,n,2 do ids[#ids+1]=ARGV[i] redis.call('XADD','{s}line','*','i',ARGV[i],'j',ARGV[i+1]) end redis.call('HINCRBY','{s}cnt','ready',n/2) return 0`,
    step: `local n=(#ARGV-1)/2 local lim=tonumber(ARGV[1]) local out={}
      if n>0 then local ids,xs={},{} for i=1,n do ids[i]=ARGV[2*i] xs[i]=ARGV[2*i+1] end
        local e={} local k={} 
        for i=1,n do e[2*i-1]=ids[i] e[2*i]='s1764083699123|0||' k[i]='1764083699123:'..ids[i] end
        redis.call('HSET','{s}ended',unpack(e)) redis.call('RPUSH','{s}kept',unpack(k)) redis.call('XACK','{s}line','g',unpack(xs)) redis.call('XDEL','{s}line',unpack(xs)) redis.call('HINCRBY','{s}cnt','active',-n) redis.call('HINCRBY','{s}cnt','succeeded',n) end
      local x=redis.call('XREADGROUP','GROUP','g','c','COUNT',lim,'STREAMS','{s}line','>') if not x then return out end local m=x[1][2] local k=#m
      local ids,xs,jobs={},{},{} for i=1,k do ids[i]=m[i][2][2] jobs[i]=m[i][2][4] xs[i]=m[i][1] end
      return {jobs,ids,xs}`,
    stream: true,
  },
};

const N = 100_000;
const BATCH = Number(process.argv[2] ?? 100);
const PAD = "x".repeat(150);
const id = (i) => "mfa1b2c3d" + String(i).padStart(15, "0");

const server = await startRedis();
const { host, port } = await server.fresh();
// A client without an address would go to the Redis of the machine, and this program flushes what it finds.
if (host !== "127.0.0.1" || !Number.isInteger(Number(port)) || Number(port) === 6379)
  throw new Error(`No server of our own: ${host}:${port}`);
const redis = new Redis({ host, port: Number(port), protocol: 2 });
try {
  for (let round = 0; round < 4; round++) for (const [name, line] of Object.entries(LINES)) await measure(name, line);
} finally {
  redis.disconnect();
  await server.stop();
}

async function measure(name, { enq, step, stream = false }) {
  await redis.flushdb();
  if (stream) await redis.xgroup("CREATE", "{s}line", "g", "0", "MKSTREAM");
  // A small hash is a list that is searched from its beginning; a long value makes it a table.
  await redis.hset("{s}active", ":", "x".repeat(80));
  const [store, turn] = [await redis.script("LOAD", enq), await redis.script("LOAD", step)];
  await redis.config("RESETSTAT");
  for (let from = 0; from < N; from += 1_000) {
    const args = [];
    for (let i = from; i < from + 1_000; i++) args.push(id(i), PAD + i);
    await redis.evalsha(store, 0, ...args);
  }
  const enqueue = await spent();
  let [ended, done] = [[], 0];
  for (;;) {
    const [, ids, places] = await redis.evalsha(turn, 0, BATCH, ...ended);
    if (ids === undefined) break;
    done += ids.length;
    ended = stream ? ids.flatMap((one, i) => [one, places[i]]) : ids;
  }
  if (done !== N) throw new Error(`${done} of ${N} were lent`);
  console.log(`${name.padEnd(14)} enqueue ${(enqueue / N).toFixed(2)} µs, settle + claim ${((await spent()) / N).toFixed(2)} µs a job`);
}

/** Microseconds in scripts since the last look. */
async function spent() {
  const [, usec] = /cmdstat_evalsha:calls=\d+,usec=(\d+)/.exec(await redis.info("commandstats"));
  await redis.config("RESETSTAT");
  return Number(usec);
}
