import { afterAll, beforeAll, expect, it } from "@jest/globals";
import { Client } from "pg";
import type { Sql } from "../../../lib/adapters/postgres/connect/sql.js";
import { statementOf } from "../../../lib/adapters/postgres/connect/statements.js";
import { idsIn } from "../../../lib/adapters/postgres/list.js";
import { CLAIM, CLAIM_UPWARD } from "../../../lib/adapters/postgres/lend/header.js";
import { settleText } from "../../../lib/adapters/postgres/lend/settle-text.js";
import type { Adapter } from "../../../lib/contract/index.js";
import { describeShared } from "../../servers/index.js";
import { hire, PostgresBench } from "./bench.js";

const WAITING = 500_000;

const EVERYTHING = { whole: true, partly: true, kept: true, forgotten: true, writing: false, claiming: true, upward: false };

interface Node {
  readonly "Node Type": string;
  readonly "Relation Name"?: string;
  readonly "Index Name"?: string;
  readonly "Total Cost": number;
  readonly "Actual Rows": number;
  readonly "Actual Loops": number;
  readonly Plans?: readonly Node[];
}

describeShared("postgres")(`With ${WAITING.toLocaleString("en")} jobs waiting and as many ended`, () => {
  let bench: PostgresBench;
  let adapter: Adapter;
  let client: Client;

  beforeAll(async () => {
    bench = await PostgresBench.start("plan");
    adapter = await bench.open();
    await adapter.broker.enqueue([bench.job()]);
    await hire(adapter, "ann");
    // Ready ones, delayed ones of a higher priority, and ended ones.
    await bench.sql(`
      INSERT INTO stem.jobs (id, lane, task, enqueued_at, due_at, payload)
      SELECT 'many' || n, q.no * 10 + CASE WHEN n % 10 = 0 THEN 3 ELSE 9 END, 'noop', n, CASE WHEN n % 10 = 0 THEN 9e14::bigint + n ELSE n END, '{}'
      FROM generate_series(1, ${2 * WAITING}) n, stem.queues q WHERE q.name = 'default'`);
    await bench.sql(
      `INSERT INTO stem.line (lane, due_at, seq) SELECT lane, due_at, seq FROM stem.jobs WHERE id LIKE 'many%' ORDER BY seq LIMIT ${WAITING}`,
    );
    await bench.sql(`
      INSERT INTO stem.ended (seq, state, ended_at, forget_at, attempts, fence)
      SELECT j.seq, 1, seq, 9e14::bigint, 1, 1 FROM stem.jobs j WHERE id LIKE 'many%' ORDER BY seq DESC LIMIT ${WAITING}`);
    // Ten long journals, and very many short ones.
    await bench.sql(`
      INSERT INTO stem.journal (job, seq, key, kind, state, at)
      SELECT j.seq, n, 'step', 'step', 'done', 1 FROM stem.jobs j, generate_series(1, CASE WHEN id ~ '^many[0-9]$' THEN 20000 ELSE 1 END) n`);
    client = new Client(bench.url);
    await client.connect();
  }, 120_000);

  afterAll(async () => {
    await client?.end();
    await bench?.stop();
  });

  /**
   * Explains a statement as a pool of an application's would have it planned: without settings of ours, by a
   * plan for any parameters.
   */
  async function nodesOf(text: string, values: readonly unknown[], settings: string): Promise<readonly Node[]> {
    await client.query(`BEGIN; SET LOCAL plan_cache_mode = force_generic_plan; ${settings}`);
    try {
      const { rows } = await client.query({
        text: `EXPLAIN (ANALYZE, FORMAT JSON) ${text.replaceAll("stem.", `"${bench.schema}".`)}`,
        values: values as unknown[],
      });
      const [{ Plan }] = (rows[0] as { "QUERY PLAN": [{ Plan: Node }] })["QUERY PLAN"];
      const flat = (node: Node): Node[] => [node, ...(node.Plans ?? []).flatMap(flat)];
      return flat(Plan);
    } finally {
      await client.query("ROLLBACK");
    }
  }

  /**
   * What would grow with the tables: a scan of a big one, a sort of more than a batch, or an index gone
   * through for more than a batch needs.
   */
  function faultsOf(nodes: readonly Node[]): string[] {
    const big = new Set(["jobs", "line", "ended"]);
    return nodes
      .filter((node) => {
        const type = node["Node Type"];
        const table = node["Relation Name"];
        if (/Sort/.test(type)) return node["Actual Rows"] > 10;
        // A bitmap of nothing (no job expires) is as good as any.
        if (/Seq Scan|Bitmap/.test(type) && table !== undefined && big.has(table)) return type === "Seq Scan" || node["Actual Rows"] > 0;
        return /Index/.test(type) && node["Actual Rows"] * node["Actual Loops"] > 2_000;
      })
      .map((node) => `${node["Node Type"]} ${node["Relation Name"] ?? ""} ${node["Actual Rows"]} × ${node["Actual Loops"]}`);
  }

  const claimValues = [null, "ann", ["default"], [100], 100, []];
  const settings: readonly (readonly [whose: string, text: string])[] = [
    [
      "our own connections",
      "SET LOCAL enable_seqscan = off; SET LOCAL enable_hashjoin = off; SET LOCAL enable_mergejoin = off; SET LOCAL enable_bitmapscan = off; SET LOCAL jit = off",
    ],
    ["an application's pool", "SET LOCAL jit = on"],
  ];

  for (const [whose, text] of settings) {
    it.each([
      ["a claim", CLAIM],
      ["a claim upward", CLAIM_UPWARD],
    ])(`%s by ${whose} sorts nothing and scans no big table`, async (_, claim) => {
      const nodes = await nodesOf(claim, claimValues, text);
      expect(faultsOf(nodes)).toEqual([]);
      // Far from what the planner thinks worth compiling, which would take longer than a thousand claims.
      if (whose.startsWith("an app")) expect(nodes[0]!["Total Cost"]).toBeLessThan(50_000);
      // It did lend, and by the index in claim order.
      expect(nodes.some((node) => node["Index Name"] === "line_pkey" && node["Actual Rows"] > 0)).toBe(true);
      expect(nodes.find(({ "Node Type": type, ...node }) => type === "ModifyTable" && node["Relation Name"] === "loans")).toBeDefined();
    });

    it(`a settle that also claims by ${whose} sorts nothing and scans no big table`, async () => {
      await adapter.broker.enqueue([]);
      const { deliveries } = await adapter.broker.claim({ worker: "ann", from: [{ queue: "default" }], limit: 100 });
      const [loan] = await bench.sql<{ no: string; seqs: string[]; started_at: string }>(
        "SELECT no, seqs, started_at FROM stem.loans ORDER BY no DESC LIMIT 1",
      );
      const each = <T>(value: T): T[] => deliveries.map(() => value);
      const endings = [
        [loan!.no],
        ["1".repeat(deliveries.length)],
        each(loan!.no),
        loan!.seqs,
        each(1),
        each(1),
        each(86_400_000),
        each("1"),
        [loan!.started_at],
      ];
      const nodes = await nodesOf(settleText(EVERYTHING), [...claimValues, ...endings], text);
      expect(faultsOf(nodes)).toEqual([]);
      const ended = nodes.find(({ "Node Type": type, ...node }) => type === "ModifyTable" && node["Relation Name"] === "ended");
      expect(ended?.Plans?.[0]?.["Actual Rows"]).toBe(deliveries.length);
    });

    it(`a journal that is read from a number on by ${whose} is not gone through from its beginning`, async () => {
      const nodes = await nodesOf(
        statementOf("read"),
        [
          ["many1", "many2", "many300"],
          [19_995, 19_999, 0],
        ],
        text,
      );
      expect(nodes[0]!["Actual Rows"]).toBe(7);
      expect(faultsOf(nodes)).toEqual([]);
      const entries = nodes.filter((node) => node["Relation Name"] === "journal");
      expect(entries.map((node) => node["Actual Rows"] * node["Actual Loops"] < 10)).toEqual([true]);
    });

    it(`an enqueue by ${whose} sorts nothing and scans no big table`, async () => {
      const ids = Array.from({ length: 100 }, (_, i) => `fresh${i}`);
      const [{ no }] = (await bench.sql<{ no: number }>("SELECT no FROM stem.queues WHERE name = 'default'")) as [{ no: number }];
      const values = [null, ids, ids.map(() => no * 10 + 9), ids.map(() => "noop"), ids.map(() => "{}"), ids.length, [no], ["default"]];
      expect(faultsOf(await nodesOf(statementOf("enqueue", "plain", "alone"), values, text))).toEqual([]);
    });
  }

  it("queues are counted no further than is asked for, in the order of the line's index", async () => {
    const [ours] = settings;
    const nodes = await nodesOf(statementOf("queues"), [null, null, null, 1_001, 1_001, 100_000], ours![1]);
    // The few hundred rows of a page may be sorted by name.
    expect(faultsOf(nodes).filter((fault) => !/^Sort  \d{1,3} × 1$/.test(fault))).toEqual([]);
    expect(nodes.some((node) => node["Index Name"] === "line_pkey" && node["Actual Rows"] > 0)).toBe(true);
    const { items } = await adapter.queues.list({ upTo: 1_000 });
    // The tests before have taken the first of them.
    const [oldest] = await bench.sql<{ at: string }>("SELECT min(due_at) AS at FROM stem.line");
    const oldestAt = Number(oldest!.at);
    expect(items).toEqual([expect.objectContaining({ queue: "default", ready: 1_000, delayed: 1_000, capped: true, oldestAt })]);
    expect((await adapter.queues.list()).items).toEqual([expect.objectContaining({ ready: 100_000, delayed: 50_000, capped: true })]);
  });

  it("the schedules that are due are found by the indexes of owner and of what was made at run time", async () => {
    await bench.sql(
      `INSERT INTO stem.schedules (id, spec, next_at, dynamic) SELECT 's' || n, '{}', n, n % 2 = 0 FROM generate_series(1, 40000) n`,
    );
    const [ours] = settings;
    const nodes = await nodesOf(statementOf("due", "owned"), [null, ["app", "them"], 101], ours![1]);
    expect(faultsOf(nodes).filter((fault) => !/Sort  \d{1,3} × [12]$/.test(fault))).toEqual([]);
    expect(new Set(nodes.flatMap((node) => node["Index Name"] ?? []))).toEqual(new Set(["schedules_owner", "schedules_dynamic"]));
    expect((await adapter.schedules.due(["app", "them"], 2, { now: 2 })).schedules.map(({ id }) => id)).toEqual(["s1", "s2"]);
  });

  it.each([
    ["of a state", { state: "failed" }],
    ["of a group", { group: "few" }],
  ] as const)("a list %s looks at those alone, however many others were stored between them", async (_, filter) => {
    // All others that have ended were stored after them.
    const first = "(SELECT min(seq) FROM stem.ended)";
    await bench.sql(`UPDATE stem.ended SET state = 2, cause = 'error' WHERE seq < ${first} + 250000`);
    await bench.sql(`UPDATE stem.jobs SET grp = 'few' WHERE seq >= ${first} AND seq < ${first} + 250000`);
    await bench.sql("ANALYZE stem.ended, stem.jobs");
    const plans: (readonly Node[])[] = [];
    const sql: Sql = {
      async rows(text, values = []) {
        plans.push(await nodesOf(text, values, settings[0]![1]));
        const own = text.replaceAll("stem.", `"${bench.schema}".`);
        return (await client.query({ text: own, values: values as unknown[], rowMode: "array" })).rows as never;
      },
    };
    expect((await idsIn(sql, filter, Date.now(), 50)).ids).toHaveLength(50);
    expect(plans.flatMap((nodes) => faultsOf(nodes)).filter((fault) => !/^Sort  \d{1,3} × 1$/.test(fault))).toEqual([]);
  });

  it("a prune forgets a batch without going through what it keeps", async () => {
    const began = performance.now();
    expect(await adapter.jobs.prune(1_000)).toBe(0);
    expect(performance.now() - began).toBeLessThan(1_000);
  });
});
