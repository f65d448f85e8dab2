/**
 * The options that the Nest CLI passes to a schematic.
 * It always passes more (`collection`, `project`, …), which are ignored. The schemas fill in the defaults
 * given here.
 */
export interface GenerateOptions {
  /** With folders if wanted: `mail/send-mail`. The CLI has made it kebab case. */
  readonly name: string;
  /** A folder below the source root to begin in. */
  readonly path?: string;
  /** From nest-cli.json. Default `src`. */
  readonly sourceRoot?: string;
  /** Only `ts`. */
  readonly language?: string;
  /** Default false: the files get a folder of their own. */
  readonly flat?: boolean;
  /** Default true. */
  readonly spec?: boolean;
  /** Default `spec`. */
  readonly specFileSuffix?: string;
  /** Default false: the class is added to the nearest module. */
  readonly skipImport?: boolean;
  /** Default false. */
  readonly format?: boolean;
}
