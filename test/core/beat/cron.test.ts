import { describe, expect, it } from "@jest/globals";
import { checkCron, Cron, nextSlot } from "../../../lib/core/beat/cron.js";

const MINUTE = 60_000;

/** Slots after a moment, as UTC minutes. */
function slots(cron: string, timeZone: string, after: string, count: number, id = "s"): readonly string[] {
  const found: string[] = [];
  let at: number | undefined = Date.parse(after);
  while (found.length < count) {
    at = nextSlot({ cron, timeZone, id }, at);
    if (at === undefined) break;
    const text = new Date(at).toISOString();
    found.push(text.endsWith(":00.000Z") ? text.slice(0, 16) : text.slice(0, 19));
  }
  return found;
}

describe("A cron expression", () => {
  it.each([
    ["* * * * *", ["2026-01-01T12:01", "2026-01-01T12:02"]],
    ["*/20 * * * * *", ["2026-01-01T12:00:20", "2026-01-01T12:00:40", "2026-01-01T12:01"]],
    ["0 9 * * MON-FRI", ["2026-01-02T09:00", "2026-01-05T09:00"]],
    ["15,45 8-9 * * *", ["2026-01-02T08:15", "2026-01-02T08:45", "2026-01-02T09:15"]],
    ["0 0 1 JAN,JUL *", ["2026-07-01T00:00", "2027-01-01T00:00"]],
    ["0 0 * * 7", ["2026-01-04T00:00", "2026-01-11T00:00"]],
    ["0 0 29 2 *", ["2028-02-29T00:00", "2032-02-29T00:00"]],
    ["0 0 L * *", ["2026-01-31T00:00", "2026-02-28T00:00"]],
    ["0 0 * * 1#2", ["2026-01-12T00:00", "2026-02-09T00:00"]],
    ["1/15 * * * *", ["2026-01-01T12:01", "2026-01-01T12:16"]],
    ["@daily", ["2026-01-02T00:00", "2026-01-03T00:00"]],
    ["@hourly", ["2026-01-01T13:00"]],
    ["@weekdays", ["2026-01-02T00:00", "2026-01-05T00:00"]],
    ["  0   9  * * *  ", ["2026-01-02T09:00"]],
  ])("fires %s when cron would", (cron, expected) => {
    expect(slots(cron, "UTC", "2026-01-01T12:00:00Z", expected.length)).toEqual(expected);
  });

  it("with day of month and weekday both restricted fires where either fits", () => {
    expect(slots("0 0 13 * 5", "UTC", "2026-01-01T12:00:00Z", 4)).toEqual([
      "2026-01-02T00:00",
      "2026-01-09T00:00",
      "2026-01-13T00:00",
      "2026-01-16T00:00",
    ]);
  });

  it("draws the same number for H in every process, another for another schedule", () => {
    const anew = () => new Cron({ cron: "H H * * *", timeZone: "UTC", id: "a" }, "of a").next(0);
    expect(anew()).toBe(anew());
    const drawn = new Set(["a", "b", "c", "d"].map((id) => slots("H H * * *", "UTC", "2026-01-01T00:00:00Z", 1, id)[0]));
    expect(drawn.size).toBeGreaterThan(1);
  });

  it.each([
    ["", "it has 0 fields"],
    ["   ", "it has 0 fields"],
    ["*", "it has 1 field."],
    ["* * * *", "it has 4 fields"],
    ["* * * * * * *", "it has 7 fields"],
    ["60 * * * *", "60"],
    ["-1 * * * *", ""],
    ["1.5 * * * *", ""],
    ["a * * * *", ""],
    ["* 24 * * *", "24"],
    ["* * 0 * *", "0"],
    ["* * 32 * *", "32"],
    ["* * * 0 *", "0"],
    ["* * * 13 *", "13"],
    ["* * * * 8", "8"],
    ["60 * * * * *", "60"],
    ["* * * FOO *", ""],
    ["* * * * MONDAY", ""],
    ["5-1 * * * *", "5-1"],
    ["1,,2 * * * *", ""],
    ["*/0 * * * *", "0"],
    ["*/100 * * * *", "the step 100 is too wide for the minutes"],
    ["0 */24 * * *", "the step 24 is too wide for the hours"],
    ["* * * * *x", ""],
    ["0 0 15W * *", ""],
    ["0 0 30 2 *", "it names a date that never comes"],
    ["0 0 31 4 *", "it names a date that never comes"],
    ["0 0 31 2,4,6 *", "it names a date that never comes"],
    ["@reboot", "there is no such alias"],
    ["@dayly", 'did you mean "@daily"?'],
    ["@", "there is no such alias"],
    [5, "it is not a text"],
    [undefined, "it is not a text"],
    [null, "it is not a text"],
  ])("refuses %j with a reason and a remedy", (cron, why) => {
    const check = () => checkCron(cron, "UTC", "of @Cron on Reports.daily");
    expect(check).toThrow(expect.objectContaining({ name: "OptionError", code: "STEM_CRON_INVALID" }));
    expect(check).toThrow(why as string);
    expect(check).toThrow("of @Cron on Reports.daily");
    expect(check).toThrow("0 9 * * MON-FRI");
  });

  it.each([
    ["Europe/Berln", 'Did you mean "Europe/Berlin"?'],
    ["Berlin", 'Did you mean "Europe/Berlin"?'],
    ["new_york", 'Did you mean "America/New_York"?'],
    ["", "IANA"],
    ["+02:00", "IANA"],
    ["Mars/Olympus", "IANA"],
    [2, "IANA"],
  ])("refuses time zone %j", (timeZone, remedy) => {
    const check = () => checkCron("* * * * *", timeZone, "of x");
    expect(check).toThrow(expect.objectContaining({ code: "STEM_TIME_ZONE_INVALID" }));
    expect(check).toThrow(remedy);
  });
});

describe("When clocks change", () => {
  // Berlin: 29 March 2026, 02:00 → 03:00 at 01:00Z; 25 October 2026, 03:00 → 02:00 at 01:00Z.
  // New York: 8 March 2026, 02:00 → 03:00 at 07:00Z; 1 November 2026, 02:00 → 01:00 at 06:00Z.
  it.each([
    [
      "skipped: once, at the skip",
      "30 2 * * *",
      "Europe/Berlin",
      "2026-03-28T00:00Z",
      ["2026-03-28T01:30", "2026-03-29T01:00", "2026-03-30T00:30"],
    ],
    ["the skip itself", "0 2 * * *", "Europe/Berlin", "2026-03-28T02:00Z", ["2026-03-29T01:00", "2026-03-30T00:00"]],
    ["the first time after it", "0 3 * * *", "Europe/Berlin", "2026-03-28T03:00Z", ["2026-03-29T01:00", "2026-03-30T01:00"]],
    ["all that is skipped at once", "*/20 2 * * *", "Europe/Berlin", "2026-03-29T00:00Z", ["2026-03-29T01:00", "2026-03-30T00:00"]],
    [
      "around the skip",
      "15,45 1-3 * * *",
      "Europe/Berlin",
      "2026-03-29T00:00Z",
      ["2026-03-29T00:15", "2026-03-29T00:45", "2026-03-29T01:00", "2026-03-29T01:15", "2026-03-29T01:45", "2026-03-29T23:15"],
    ],
    [
      "every half hour",
      "*/30 * * * *",
      "Europe/Berlin",
      "2026-03-29T00:00Z",
      ["2026-03-29T00:30", "2026-03-29T01:00", "2026-03-29T01:30", "2026-03-29T02:00"],
    ],
    ["every hour at 15", "15 * * * *", "Europe/Berlin", "2026-03-29T00:00Z", ["2026-03-29T00:15", "2026-03-29T01:15", "2026-03-29T02:15"]],
    ["once a year on that very day", "30 2 29 3 *", "Europe/Berlin", "2026-01-01T00:00Z", ["2026-03-29T01:00", "2027-03-29T00:30"]],
    ["repeated: once, the first time", "30 2 * * *", "Europe/Berlin", "2026-10-24T12:00Z", ["2026-10-25T00:30", "2026-10-26T01:30"]],
    ["asked between the two", "30 2 * * *", "Europe/Berlin", "2026-10-25T00:45Z", ["2026-10-26T01:30"]],
    ["asked within the second", "30 2 * * *", "Europe/Berlin", "2026-10-25T01:10Z", ["2026-10-26T01:30"]],
    ["after the repeated hour", "0 3 * * *", "Europe/Berlin", "2026-10-24T12:00Z", ["2026-10-25T02:00", "2026-10-26T02:00"]],
    [
      "every half hour, twice an hour twice",
      "*/30 * * * *",
      "Europe/Berlin",
      "2026-10-24T23:45Z",
      ["2026-10-25T00:00", "2026-10-25T00:30", "2026-10-25T01:00", "2026-10-25T01:30", "2026-10-25T02:00"],
    ],
    [
      "every other hour",
      "30 */2 * * *",
      "Europe/Berlin",
      "2026-10-24T22:00Z",
      ["2026-10-24T22:30", "2026-10-25T00:30", "2026-10-25T03:30"],
    ],
    ["skipped", "30 2 * * *", "America/New_York", "2026-03-07T12:00Z", ["2026-03-08T07:00", "2026-03-09T06:30"]],
    ["repeated", "30 1 * * *", "America/New_York", "2026-10-31T12:00Z", ["2026-11-01T05:30", "2026-11-02T06:30"]],
    ["every hour", "0 * * * *", "America/New_York", "2026-11-01T04:30Z", ["2026-11-01T05:00", "2026-11-01T06:00", "2026-11-01T07:00"]],
    [
      "every second's minute",
      "*/30 59 * * * *",
      "America/New_York",
      "2026-11-01T05:00Z",
      ["2026-11-01T05:59", "2026-11-01T05:59:30", "2026-11-01T06:59"],
    ],
    ["half an hour only", "45 1 * * *", "Australia/Lord_Howe", "2026-04-04T00:00Z", ["2026-04-04T14:45", "2026-04-05T15:15"]],
    [
      "a skip of half an hour, every hour at 15",
      "15 * * * *",
      "Australia/Lord_Howe",
      "2026-10-03T15:00Z",
      ["2026-10-03T16:15", "2026-10-03T17:15"],
    ],
    ["a whole day that never was", "0 12 30 12 *", "Pacific/Apia", "2011-01-01T00:00Z", ["2011-12-30T10:00", "2012-12-29T22:00"]],
  ])("%s: %s in %s after %s", (_, cron, timeZone, after, expected) => {
    expect(slots(cron, timeZone, after, expected.length)).toEqual(expected);
  });

  it("gives the same slots wherever one begins to ask", () => {
    for (const [timeZone, day] of [
      ["Europe/Berlin", "2026-03-29"],
      ["Europe/Berlin", "2026-10-25"],
      ["America/New_York", "2026-03-08"],
      ["America/New_York", "2026-11-01"],
      ["Australia/Lord_Howe", "2026-04-05"],
      ["America/Santiago", "2026-04-05"],
    ] as const) {
      const from = Date.parse(day) - 20 * 60 * MINUTE;
      const to = from + 60 * 60 * MINUTE;
      for (const cron of ["30 2 * * *", "*/20 1-3 * * *", "*/30 * * * *", "30 */2 * * *", "0 0 * * *", "5 0-23 * * *"]) {
        const all: number[] = [];
        for (let at = from; at < to; all.push(at)) at = nextSlot({ cron, timeZone, id: "s" }, at)!;
        for (let at = from; at < to; at += 23 * MINUTE) {
          expect(nextSlot({ cron, timeZone, id: "s" }, at)).toBe(all.find((slot) => slot > at));
        }
      }
    }
  });
});
