// Loaded before anything else in a process that is to have a flaw; see Flaws in rig.ts.
import dns from "node:dns";
import { existsSync } from "node:fs";

const { skewMs, deafTo } = JSON.parse(process.argv[2]);

if (skewMs !== undefined) {
  const Real = Date;
  globalThis.Date = class Date extends Real {
    constructor(...given) {
      super(...(given.length === 0 ? [Real.now() + skewMs] : given));
    }
    static now() {
      return Real.now() + skewMs;
    }
  };
}

if (deafTo !== undefined) {
  const { lookup } = dns;
  dns.lookup = (name, options, callback = options) => {
    if (name !== "store.test") return lookup(name, options, callback);
    if (!existsSync(deafTo)) return lookup("127.0.0.1", options, callback);
    process.nextTick(
      callback,
      Object.assign(new Error(`getaddrinfo ENOTFOUND ${name}`), { code: "ENOTFOUND", syscall: "getaddrinfo", hostname: name }),
    );
  };
}
