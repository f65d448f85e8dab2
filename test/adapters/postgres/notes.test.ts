import { expect, it } from "@jest/globals";
import { describeShared } from "../../servers/index.js";
import { noteAndForget } from "../notes.js";
import { PostgresBench } from "./bench.js";

describeShared("postgres")("Notes in Postgres", () => {
  it("leave no row behind, however their job is forgotten", async () => {
    const bench = await PostgresBench.start("notes");
    const [adapter, other] = [await bench.open(), await bench.open()];
    await noteAndForget(adapter, other, async (count) => {
      const [row] = await bench.sql<{ n: string }>("SELECT (SELECT count(*) FROM stem.notes) + (SELECT count(*) FROM stem.logs) AS n");
      expect(Number(row!.n)).toBe(count);
    });
    await bench.stop();
  });
});
