import type { TaskOptions } from "../../core/task/task.js";

/** Options of `@Task` and `@Workflow`. */
export interface HandlerOptions extends TaskOptions {
  /**
   * The instance of Stem it belongs to, as named in `StemModule.forRoot({ name })`.
   * Default: the one without a name.
   */
  readonly instance?: string;
}

/** `HandlerOptions` with the name among them. */
export interface NamedHandlerOptions extends HandlerOptions {
  readonly name?: string;
}

/** A handler: payload first, context second; either may be left out. Any type of payload fits here. */
export type Handler<Context> = (payload: never, context: Context) => unknown;

/** A class that can be marked: its public method `run` is a handler. */
export type RunnableClass<Context> = abstract new (...args: never[]) => { run: Handler<Context> };

/** Goes on a class with a method `run(payload, context?)`. */
export type HandlerClassDecorator<Context> = (target: RunnableClass<Context>) => void;

/** Goes on such a class, or on a method `(payload, context?)` of any provider. */
export interface HandlerDecorator<Context> {
  (target: RunnableClass<Context>): void;
  <M extends Handler<Context>>(target: object, key: string | symbol, descriptor: TypedPropertyDescriptor<M>): void;
}
