import { CodegenError } from "../errors.js";

/** The newest format of `stem.manifest.json` that this version reads. */
export const FORMAT = 1;

/** A JSON Schema as the manifest has it. */
export type Schema = Readonly<Record<string, unknown>>;

export interface TaskEntry {
  readonly queue?: string;
  readonly instance?: string;
  readonly input?: Schema;
  /** The payload may be left out. */
  readonly optional?: true;
  readonly output?: Schema;
  /** There may be no result. */
  readonly maybe?: true;
  readonly validate?: false | "standard";
  readonly priority?: number;
  readonly options?: Readonly<Record<string, unknown>>;
  /** Options that are given and could not be read. */
  readonly unread?: readonly string[];
  readonly class?: string;
  readonly method?: string;
  readonly source?: string;
}

export interface StepEntry {
  readonly output?: Schema;
  readonly maybe?: true;
}

/** Something that the body of a workflow asks for. */
export interface AskEntry {
  readonly kind: string;
  /** Missing if it is known only at run time. */
  readonly name?: string;
  readonly source?: string;
}

export interface BodyEntry {
  readonly asks: readonly AskEntry[];
  readonly hash: string;
  readonly source?: string;
}

export interface WorkflowEntry extends TaskEntry {
  readonly steps?: Readonly<Record<string, StepEntry>>;
  readonly signals?: Readonly<Record<string, unknown>>;
  /** Missing if it cannot be read, and in manifests that have no bodies. */
  readonly body?: BodyEntry;
}

export interface EventEntry {
  readonly instance?: string;
  readonly payload?: Schema;
  readonly optional?: true;
  readonly source?: string;
}

export interface ScheduleEntry {
  readonly cron?: string;
  readonly timeZone?: string;
  readonly task?: string;
  readonly queue?: string;
  readonly instance?: string;
  readonly options?: Readonly<Record<string, unknown>>;
  readonly source?: string;
}

/** The part of a manifest that is compared. */
export interface Manifest {
  /**
   * How much it says. Since 2: whether results may be missing, what bodies ask for, and steps of base
   * classes.
   */
  readonly tells: number;
  readonly tasks: Readonly<Record<string, TaskEntry>>;
  readonly workflows: Readonly<Record<string, WorkflowEntry>>;
  readonly events: Readonly<Record<string, EventEntry>>;
  readonly schedules: Readonly<Record<string, ScheduleEntry>>;
  readonly $defs: Readonly<Record<string, Schema>>;
}

/**
 * Reads the text of a manifest.
 *
 * @param shown what to call it in an error
 * @throws {CodegenError} `STEM_MANIFEST` if it is not one, or of a newer format
 */
export function parseManifest(text: string, shown: string): Manifest {
  let read: unknown;
  try {
    read = JSON.parse(text.replace(/^\uFEFF/, ""));
  } catch (error) {
    throw new CodegenError("STEM_MANIFEST", `${shown} is not JSON.`, 'Give the stem.manifest.json that "stem generate" wrote.', {
      cause: error,
    });
  }
  const format = isObject(read) ? read["stem"] : undefined;
  if (!isObject(read) || typeof format !== "number") {
    throw new CodegenError(
      "STEM_MANIFEST",
      `${shown} is not a manifest of Stem.`,
      'Give the stem.manifest.json that "stem generate" wrote.',
    );
  }
  if (format > FORMAT) {
    throw new CodegenError(
      "STEM_MANIFEST",
      `${shown} has format ${format}, and this version of nestjs-stem reads formats up to ${FORMAT}.`,
      "Use the version of nestjs-stem that wrote it, or a newer one.",
    );
  }
  const part = <T>(name: string): Readonly<Record<string, T>> => {
    const value = (read as Schema)[name] ?? {};
    if (isObject(value) && Object.values(value).every(isObject)) return value as Readonly<Record<string, T>>;
    throw new CodegenError("STEM_MANIFEST", `"${name}" in ${shown} is not what it should be.`, 'Write it anew with "stem generate".');
  };
  return {
    tells: typeof read["tells"] === "number" ? read["tells"] : 1,
    tasks: part("tasks"),
    workflows: part("workflows"),
    events: part("events"),
    schedules: part("schedules"),
    $defs: part("$defs"),
  };
}

export function isObject(value: unknown): value is Schema {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
