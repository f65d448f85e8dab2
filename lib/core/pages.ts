import type { Page, PageFilter } from "../contract/page.js";

/** All items of a list, page by page. */
export async function everyItem<T>(list: (page: PageFilter) => Promise<Page<T>>): Promise<readonly T[]> {
  const items: T[] = [];
  for (let from: string | undefined; ;) {
    const page = await list({ limit: 1_000, ...(from !== undefined && { from }) });
    items.push(...page.items);
    if (page.next === undefined) return items;
    from = page.next;
  }
}
