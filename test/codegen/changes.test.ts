import { beforeAll, describe, expect, it } from "@jest/globals";
import { compareManifests } from "../../codegen/compat/compare.js";
import { type Manifest, parseManifest } from "../../codegen/compat/manifest.js";
import { CHANGES } from "./change-cases.js";
import { MANIFEST, withProject } from "./project.js";

const IMPORTS = 'import { Cron, defineEvent, defineSignal, Step, Task, Workflow, type WorkflowContext } from "nestjs-stem";\n';

/** What a case calls its own. */
const nameOf = (at: number): string => `n${at}x`;

/** All cases in one project, so that the compiler is asked once. */
async function manifestOf(side: 1 | 2): Promise<Manifest> {
  const files = CHANGES.flatMap((change, at) => {
    const [first = "", ...others] = change[side].replaceAll("§", nameOf(at)).split(/^\/\/ --- (.+)\n/m);
    const more = others.flatMap((name, index) => (index % 2 === 0 ? [[name, others[index + 1]!] as const] : []));
    return [["main.ts", first] as const, ...more].map(([name, text]) => {
      // Line by line the same in both, as if the imports stood there.
      return [`src/${nameOf(at)}/${name}`, text.includes("from \"nestjs-stem\"") ? text : IMPORTS + text] as const;
    });
  }); // prettier-ignore
  return withProject(Object.fromEntries(files), async (project) => {
    const result = await project.generate();
    expect(result.diagnostics.map(({ file, message }) => `${file} ${message}`)).toEqual([]);
    return parseManifest(project.text(MANIFEST), MANIFEST);
  });
}

/** The part of one case. */
function only(whole: Manifest, name: string): Manifest {
  const of = <T>(part: Readonly<Record<string, T>>): Readonly<Record<string, T>> =>
    Object.fromEntries(Object.entries(part).filter(([key]) => key.includes(name)));
  const { tells, $defs } = whole;
  return {
    tells,
    $defs,
    tasks: of(whole.tasks),
    workflows: of(whole.workflows),
    events: of(whole.events),
    schedules: of(whole.schedules),
  };
}

const sides: Manifest[] = [];
beforeAll(async () => {
  sides.push(await manifestOf(1), await manifestOf(2));
}, 120_000);

describe("the verdict on", () => {
  it("enough changes is held to what a person would say", () => {
    expect(CHANGES.length).toBeGreaterThanOrEqual(150);
  });

  it.each(CHANGES.map((change, at) => [change[0], at] as const))("%s, there and back", (_, at) => {
    const [, , , there, back] = CHANGES[at]!;
    const [before, after] = sides.map((side) => only(side, nameOf(at))) as [Manifest, Manifest];
    const verdicts = (from: Manifest, to: Manifest): string => {
      const told = compareManifests(from, to).map(({ verdict, code }) => (code === undefined ? verdict : `${verdict} ${code}`));
      return told.length === 0 ? "-" : told.toSorted().join(" + ");
    };
    expect({ there: verdicts(before, after), back: verdicts(after, before) }).toEqual({ there, back });
  });
});
