/** Messages of core for the people who run it. Nest's `Logger` fits. */
export interface Log {
  log(message: string): void;
  warn(message: string): void;
  error(message: string, stack?: string): void;
  debug(message: string): void;
}

/**
 * The same log, except that it never throws.
 * A log that cannot write must not stop a worker in the middle of its work.
 */
export function unfailing(log: Log): Log {
  const safely = (say: () => void): void => {
    try {
      say();
    } catch {
      // A failing log leaves no place for the message.
    }
  };
  return {
    log: (message) => safely(() => log.log(message)),
    warn: (message) => safely(() => log.warn(message)),
    error: (...args) => safely(() => log.error(...args)),
    debug: (message) => safely(() => log.debug(message)),
  };
}

/** Logs nothing. */
export const silentLog: Log = { log() {}, warn() {}, error() {}, debug() {} };
