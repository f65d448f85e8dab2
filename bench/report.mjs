import { readFileSync, writeFileSync } from "node:fs";
import { saved } from "./results.mjs";
import { SYSTEMS } from "./systems/index.mjs";
import { figure, times } from "./table.mjs";
import { isLessBetter, WORKLOADS } from "./workloads/index.mjs";

const PAGE = new URL("../docs/maintaining/performance.md", import.meta.url);
const STORES = ["redis", "postgres", "sqlite", "memory"];

/**
 * Rewrites the tables of docs/maintaining/performance.md from bench/results: what stands between
 * `<!-- bench:STORE -->` and `<!-- /bench:STORE -->`.
 *
 * @returns the names of the files written
 */
export function report() {
  let page = readFileSync(PAGE, "utf8");
  for (const store of STORES) {
    const results = saved(store);
    if (results === undefined) continue;
    const marked = new RegExp(`(<!-- bench:${store} -->\n)[^]*?(<!-- /bench:${store} -->)`);
    if (!marked.test(page))
      throw new Error(`docs/maintaining/performance.md has no place for ${store}: <!-- bench:${store} --> … <!-- /bench:${store} -->`);
    page = page.replace(marked, (_all, begin, end) => `${begin}${sectionOf(results)}\n${end}`);
  }
  writeFileSync(PAGE, page);
  return ["docs/maintaining/performance.md"];
}

/** Two tables to read, and everything behind them. */
function sectionOf({ about, lines }) {
  const unit = (line) => line.unit;
  const rates = lines.filter((line) => unit(line) === "jobs/s");
  const others = lines.filter((line) => unit(line) !== "jobs/s");
  return [
    `Measured ${about.date}: ${about.server}; Node ${about.node}, ${about.cores} cores, ${about.platform}.${busy(about)}`,
    wide("Jobs per second (more is better)", rates),
    depthOf(lines),
    wide("Waiting, idling and memory (less is better)", others),
    settingsOf(lines),
    `<details><summary>Every figure: median, smallest, largest, number of runs</summary>\n\n${long(lines)}\n\n</details>`,
  ]
    .filter(Boolean)
    .join("\n\n");
}

/** The run itself keeps about two processes busy. */
function busy({ load, cores }) {
  if (load === undefined || load <= cores + 2) return "";
  return ` Other work ran beside it (load average ${load}): the figures are lower and wider apart than on a machine at rest; the ratios are of runs side by side.`;
}

/** What a long queue costs this project. */
function depthOf(lines) {
  const rate = (workload) =>
    lines.find((line) => line.workload === workload && line.system.startsWith("stem-") && line.config === "default")?.median;
  const shares = Object.entries({ "drain-200k": "200,000", "drain-1m": "1,000,000" }).flatMap(([workload, waiting]) =>
    rate(workload) && rate("drain") ? [`${Math.round((rate(workload) / rate("drain")) * 100)} % with ${waiting} waiting`] : [],
  );
  return shares.length === 0 ? "" : `Stem's drain, of its rate with 20,000 waiting: ${shares.join(", ")}.`;
}

/** A row per system and setting, a column per workload. */
function wide(title, lines) {
  if (lines.length === 0) return "";
  const workloads = WORKLOADS.filter((workload) => lines.some((line) => line.workload === workload));
  const heads = workloads.map((workload) => {
    const { unit } = lines.find((line) => line.workload === workload);
    return unit === "jobs/s" ? workload : `${workload}, ${unit}`;
  });
  const rows = rowsOf(lines).map(({ name, of }) => {
    const cells = workloads.map((workload) => cell(lines.find((line) => of(line) && line.workload === workload)));
    return cells.every((text) => text === "–") ? [] : [`| ${[name, ...cells].join(" | ")} |`];
  });
  return [`**${title}**`, "", `| | ${heads.join(" | ")} |`, `|---|${workloads.map(() => "--:|").join("")}`, ...rows.flat()].join("\n");
}

/**
 * The median and, for other systems, this project's figure divided by theirs.
 * Bold where this project is behind another queue.
 */
function cell(line) {
  if (line === undefined) return "–";
  if (line.runs === 0) return line.workload === "recovery" ? "not in time" : "failed";
  const text = figure(line.median);
  if (line.ratio === undefined) return text;
  const { bare } = SYSTEMS.find(({ name }) => name === line.system);
  const behind = bare === undefined && (isLessBetter(line.unit) ? line.ratio.median > 1 : line.ratio.median < 1);
  return `${text} · ${behind ? `**${times(line.ratio.median)}**` : times(line.ratio.median)}`;
}

function rowsOf(lines) {
  const names = [...new Set(lines.map(({ system, config }) => `${system} ${config}`))];
  const order = SYSTEMS.flatMap(({ name, configs }) => Object.keys(configs).map((config) => `${name} ${config}`));
  return names
    .sort((a, b) => order.indexOf(a) - order.indexOf(b))
    .map((key) => ({
      name: key.startsWith("stem-") ? `**${key}**` : key,
      of: ({ system, config }) => `${system} ${config}` === key,
    }));
}

function settingsOf(lines) {
  const measured = SYSTEMS.filter(({ name }) => lines.some(({ system }) => system === name));
  return measured
    .map(({ name, about }) => {
      const { version } = lines.find(({ system }) => system === name);
      const settings = Object.entries(about).filter(([config]) => lines.some((line) => line.system === name && line.config === config));
      return `- ${name} (${version}): ${settings.map(([config, text]) => (settings.length === 1 ? text : `${config}: ${text}`)).join(". ")}.`;
    })
    .join("\n");
}

function long(lines) {
  const head = [
    "| workload | system | median | min | max | Stem ÷ this | runs | jobs | µs of CPU per job, client + server | |",
    "|---|---|--:|--:|--:|--:|--:|--:|--:|---|",
  ];
  const sorted = WORKLOADS.flatMap((workload) => lines.filter((line) => line.workload === workload));
  return [...head, ...sorted.map(longRow)].join("\n");
}

function longRow({ workload, unit, system, config, median, min, max, ratio, runs, n, of, cpu, failed, error }) {
  const figures = [median, min, max].map((value) => (value === null ? "" : figure(value)));
  const compared = ratio === undefined ? "" : `${times(ratio.median)} (${times(ratio.min)}–${times(ratio.max)})`;
  const jobs =
    n === undefined || ["idle"].includes(workload)
      ? ""
      : `${n.toLocaleString("en-GB")}${of === undefined ? "" : ` of ${of.toLocaleString("en-GB")}`}`;
  const spent =
    cpu === undefined
      ? ""
      : [cpu.client, cpu.server]
          .filter((value) => value !== undefined)
          .map(figure)
          .join(" + ");
  const note = failed === undefined ? "" : `${failed} failed: ${error.replaceAll("|", "\\|")}`;
  return `| ${[`${workload}, ${unit}`, `${system} ${config}`, ...figures, compared, runs, jobs, spent, note].join(" | ")} |`;
}
