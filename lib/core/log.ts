/** Where core says what a person running it should know. Nest's `Logger` fits. */
export interface Log {
  log(message: string): void;
  warn(message: string): void;
  error(message: string, stack?: string): void;
  debug(message: string): void;
}

/** Says nothing. */
export const silentLog: Log = { log() {}, warn() {}, error() {}, debug() {} };
