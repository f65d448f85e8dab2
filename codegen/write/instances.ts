interface Owned {
  /** Undefined: the one without a name. */
  readonly instance?: string | undefined;
}

/** The instances of Stem that a client is made with, in the order of its constructor's parameters. */
export interface Instances {
  readonly names: readonly (string | undefined)[];
  /** The parameter that stands for an instance: `stem`, `stem1`, … */
  readonly parameterOf: (one: Owned) => string;
}

/**
 * Only instances in use: an application may have none without a name.
 * Events belong to no instance, and go with the only one there is.
 */
export function instancesOf(owned: readonly Owned[], events: readonly Owned[]): Instances {
  const named = [...new Set([...owned, ...events].flatMap(({ instance }) => instance ?? []))].sort();
  const isDefault = ({ instance }: Owned): boolean => instance === undefined;
  const usesDefault = owned.some(isDefault) || (named.length !== 1 && (named.length === 0 || events.some(isDefault)));
  return {
    names: [...(usesDefault ? [undefined] : []), ...named],
    parameterOf: ({ instance }) => (instance === undefined ? (usesDefault ? "stem" : "stem1") : `stem${named.indexOf(instance) + 1}`),
  };
}
