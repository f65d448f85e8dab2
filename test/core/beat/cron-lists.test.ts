import { describe, expect, it } from "@jest/globals";
import { checkCron, nextSlot } from "../../../lib/core/beat/cron.js";

const FROM = Date.UTC(2026, 0, 1);

function slots(cron: string, count: number, timeZone = "UTC"): readonly string[] {
  const found: string[] = [];
  let at = FROM;
  for (let i = 0; i < count; i++) found.push(new Date((at = nextSlot({ cron, timeZone, id: "s" }, at)!)).toISOString().slice(0, 16));
  return found;
}

describe("Lists whose parts overlap", () => {
  it.each([
    ["*/5,*/7 * * * *", ["00:05", "00:07", "00:10", "00:14", "00:15", "00:20", "00:21", "00:25", "00:28"]],
    ["*,5 * * * *", ["00:01", "00:02", "00:03", "00:04", "00:05"]],
    ["0 1-3,2 * * *", ["01:00", "02:00", "03:00"]],
  ])("are their union: %s", (cron, expected) => {
    expect(slots(cron, expected.length)).toEqual(expected.map((time) => `2026-01-01T${time}`));
  });

  it.each([
    ["0 0 * * 0,7", ["01-04", "01-11"]],
    ["0 0 * * SUN,7", ["01-04", "01-11"]],
    ["0 0 * * MON-FRI,WED", ["01-02", "01-05", "01-06", "01-07"]],
    ["0 0 * * MON-FRI,wed-sat", ["01-02", "01-03", "01-05"]],
    ["0 0 * * 1,3#2", ["01-05", "01-12", "01-14", "01-19"]],
    ["0 0 * * 1-5#1", ["01-02", "01-05", "01-06", "01-07", "02-02"]],
    ["0 0 * * 1#1,1#3", ["01-05", "01-19", "02-02"]],
    ["0 0 * * MON#1,FRI,FRI", ["01-02", "01-05", "01-09"]],
    ["0 0 * * 7#1", ["01-04", "02-01"]],
    ["0 0 1-3,2 * *", ["01-02", "01-03", "02-01"]],
    ["0 0 L,31 * *", ["01-31", "02-28", "03-31"]],
    ["0 0 13,13 * 5,5", ["01-02", "01-09", "01-13", "01-16"]],
    ["0 0 10 * 1#1,3#1", ["01-05", "01-07", "01-10", "02-02"]],
    ["0 0 1 JAN-MAR,2 *", ["02-01", "03-01"]],
  ])("hold for days too: %s", (cron, expected) => {
    expect(slots(cron, expected.length)).toEqual(expected.map((day) => `2026-${day}T00:00`));
  });

  it("are what their elements are one by one, whatever they are", () => {
    let seed = 11;
    const dice = (n: number): number => (seed = (seed * 48_271) % 2_147_483_647) % n;
    const element = (from: number, to: number): string => {
      const [a, b] = [from + dice(to - from + 1), from + dice(to - from + 1)].sort((x, y) => x - y) as [number, number];
      return [`${a}`, `${a}-${b}`, `${a}-${b}/${1 + dice(3)}`, `*/${1 + dice(to - from)}`][dice(4)]!;
    };
    for (let round = 0; round < 300; round++) {
      const at = dice(4);
      const [from, to] = [[0, 59], [0, 23], [1, 28], [0, 7]][at] as [number, number]; // prettier-ignore
      const elements = Array.from({ length: 2 + dice(3) }, () => element(from, to));
      const cron = (field: string) => [["0", field, "6", "*", "*", "*"], ["0", "30", field, "*", "*", "*"], ["0", "0", "6", field, "*", "*"], ["0", "0", "6", "*", "*", field]][at]!.join(" "); // prettier-ignore
      const each = elements.map((one) => cron(one));
      let moment = FROM;
      for (let i = 0; i < 12; i++) {
        const one = Math.min(...each.map((text) => nextSlot({ cron: text, timeZone: "UTC", id: "s" }, moment)!));
        moment = nextSlot({ cron: cron(elements.join(",")), timeZone: "UTC", id: "s" }, moment)!;
        expect([elements.join(","), new Date(moment)]).toEqual([elements.join(","), new Date(one)]);
      }
    }
  });

  it("are refused for the element that is wrong, not for the overlap", () => {
    const refused = (cron: string) => expect(() => checkCron(cron, "UTC", "of x"));
    refused("5,5,99 * * * *").toThrow(/99/);
    refused("0 0 * * 1#2,9").toThrow(/9/);
    refused("0 0 30,30 2 *").toThrow("it names a date that never comes");
    refused("0 0 * * 1#6,2").toThrow(expect.objectContaining({ code: "STEM_CRON_INVALID" }));
    for (const cron of ["0 0 * * 1#2,9", "5,5,99 * * * *"]) refused(cron).not.toThrow(/duplicate|incompatible/);
  });
});
