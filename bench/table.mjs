import { isLessBetter } from "./workloads/index.mjs";

/** The lines of results as a table for people, workload by workload, in colour where asked. */
export function tableOf(lines, { colour = false } = {}) {
  const paint = (code, text) => (colour ? `\u001B[${code}m${text}\u001B[0m` : text);
  const rows = [];
  for (const workload of new Set(lines.map((line) => line.workload))) {
    const group = lines.filter((line) => line.workload === workload);
    const head = `${workload} (${group[0].unit})`.padEnd(42);
    rows.push("", paint(1, `${head}${["median", "min", "max"].map((name) => name.padStart(11)).join("")}   stem ÷ this`));
    for (const line of group) rows.push(rowOf(line, paint));
  }
  return rows.slice(1).join("\n");
}

function rowOf(line, paint) {
  const { system, version, config, runs, failed, error, ratio, unit } = line;
  const name = `  ${system} ${config === "default" && system.startsWith("stem-") ? version : config}`.padEnd(42);
  if (runs === 0) return `${name}${paint(31, `failed: ${error}`)}`;
  const figures = [line.median, line.min, line.max].map((value) => figure(value).padStart(11)).join("");
  const notes = [
    line.of === undefined ? "" : `${line.n} of ${line.of} jobs in the time given`,
    failed === undefined ? "" : `${failed} failed: ${error}`,
  ];
  const compared = ratio === undefined ? "" : versus(ratio, unit, paint);
  const text = `${name}${figures}   ${compared}${notes
    .filter(Boolean)
    .map((note) => `  ${paint(33, note)}`)
    .join("")}`;
  return (system.startsWith("stem-") ? paint(1, text) : text).trimEnd();
}

function versus({ median, min, max }, unit, paint) {
  const ahead = isLessBetter(unit) ? median <= 1 : median >= 1;
  return `${paint(ahead ? 32 : 31, times(median))} (${times(min)}–${times(max)})`;
}

export function times(ratio) {
  if (ratio >= 100) return `${Math.round(ratio).toLocaleString("en-GB")}×`;
  if (ratio >= 10) return `${ratio.toFixed(1)}×`;
  return `${ratio >= 0.095 ? ratio.toFixed(2) : ratio.toPrecision(2)}×`;
}

export function figure(value) {
  if (value >= 100) return Math.round(value).toLocaleString("en-GB");
  return value >= 10 ? value.toFixed(1) : value.toFixed(2);
}
