import { SYSTEMS } from "./systems/index.mjs";

/** Opens the system of a job: `{ system, config, at, keep }`, names as in the list of systems. */
export function openSystem({ system: name, config, at, keep = true }) {
  const system = SYSTEMS.find((one) => one.name === name);
  return system.open(at, system.configs[config], { keep });
}
