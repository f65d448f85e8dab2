// The shapes people give to payloads, over the types of six packages. Each kind writes the files it needs for
// its models and tells, for each task, the type, values that are of it, and values that are not: the compiler
// judges both.

const MODELS = 40;
const model = (at) => `M${(at + MODELS) % MODELS}`;

/** The fields all models have: of each a value, and one that is none of it. */
const FIELDS = { id: ['"x"', "1"], at: ["new Date(1e12)", '"soon"'], n: ["7", '"7"'], flag: ["true", "1"], kind: ['"a"', '"c"'], note: ["null", "4"], tags: ['["t", "u"]', "[1]"] }; // prettier-ignore
const all = Object.keys(FIELDS);
const value = (names, more = {}) => `{ ${[...names.map((name) => `${name}: ${more[name] ?? FIELDS[name][0]}`), ...Object.entries(more).filter(([name]) => !names.includes(name)).map(([name, of]) => `${name}: ${of}`)].join(", ")} }`; // prettier-ignore
const wrongs = (names, more = {}) => [
  ...names.map((name) => value(names, { ...more, [name]: more[name] === undefined ? FIELDS[name][1] : "{ no: 1 }" })),
  value(names.slice(1), more),
  '"text"',
];
const but = (...names) => all.filter((name) => !names.includes(name));

/** A type with exactly those fields. */
const exact = (type, names = all, more) => ({ type, right: [value(names, more)], wrong: wrongs(names, more) });
const listOf = ({ type, right, wrong }) => ({ type: `(${type})[]`, right: ["[]", `[${right[0]}, ${right[0]}]`], wrong: [right[0], ...wrong.map((one) => `[${one}]`)] }); // prettier-ignore
const inside = ({ type, right, wrong }) => ({ type: `{ of: ${type} | null; by?: Record<string, ${type}> }`, right: ["{ of: null }", `{ of: ${right[0]}, by: { k: ${right[0]} } }`], wrong: ["{}", `{ of: ${wrong[0]} }`, `{ of: null, by: { k: ${wrong[0]} } }`] }); // prettier-ignore
const some = (type) => ({
  type,
  right: ["{}", value(["id"]), value(all)],
  wrong: [value(all, { id: "1" }), value(["kind"], { kind: '"c"' })],
});

/** A schema of 40 models, each with relations to three others, in both directions. */
export function prismaSchema() {
  const text = ["generator client {\n  provider = \"prisma-client\"\n  output = \"../src/prisma\"\n  moduleFormat = \"esm\"\n  importFileExtension = \"js\"\n}\ndatasource db {\n  provider = \"postgresql\"\n}\nenum Kind {\n  a\n  b\n}"]; // prettier-ignore
  for (let at = 0; at < MODELS; at++) {
    const relations = [1, 4, 9].flatMap((by) => [
      `to${by} ${model(at + by)} @relation("r${by}_${at}", fields: [to${by}Id], references: [id])`,
      `to${by}Id String`,
      `of${by} ${model(at - by)}[] @relation("r${by}_${(at - by + MODELS) % MODELS}")`,
    ]);
    text.push(`model ${model(at)} {\n  ${["id String @id", "at DateTime", "n Int", "flag Boolean", "kind Kind", "note String?", "tags String[]", "meta Json?", "big BigInt", ...relations].join("\n  ")}\n}`); // prettier-ignore
  }
  return text.join("\n");
}

const row = { meta: '{ deep: [1, null, { k: ["v"] }] }', big: "9007199254740993n", to1Id: '"p"', to4Id: '"q"', to9Id: '"r"' };
const prisma = {
  files: () => ({}),
  imports: 'import type { Prisma } from "../prisma/client.js";',
  shapes: (at) => {
    const of = `Prisma.${model(at)}Model`;
    const whole = exact(of, all, row);
    const withOne = (type) => ({ type, right: [value(all, { ...row, to1: value(all, row), of4: `[${value(["id"])}]` })], wrong: [value(all, row), value(all, { ...row, to1: value(all, row), of4: "[{ id: 1 }]" })] }); // prettier-ignore
    const json = { type: "{ json: Prisma.InputJsonValue }", right: ["{ json: [1, null, { k: [true] }] }", '{ json: "x" }'], wrong: ["{}", "{ json: 5n }", "{ json: null }"] }; // prettier-ignore
    return [at % 4 === 0 ? json : whole, [listOf(whole), inside(whole)][at % 2], withOne(`Prisma.${model(at)}GetPayload<{ include: { to1: true; of4: { select: { id: true } } } }>`), exact(`Prisma.${model(at)}GetPayload<{ select: { id: true; at: true; kind: true } }>`, ["id", "at", "kind"])].slice(0, at % 2 === 0 ? 4 : 3); // prettier-ignore
  },
};

const body = 'id!: string; at!: Date; n!: number; flag!: boolean; kind!: "a" | "b"; note!: string | null; tags!: string[];';
const variants = (type, partial, at) => [exact(type), exact(`Omit<${type}, "at">`, but("at")), exact(`Pick<${type}, "id" | "kind">`, ["id", "kind"]), some(partial ?? `Partial<${type}>`), listOf(exact(type)), inside(exact(type))].slice(at % 3, (at % 3) + 2); // prettier-ignore

const columns = ["@PrimaryColumn() id!: string;", "@Column() at!: Date;", "@Column() n!: number;", "@Column() flag!: boolean;", '@Column() kind!: "a" | "b";', "@Column({ nullable: true, type: String }) note!: string | null;", '@Column("simple-array") tags!: string[];']; // prettier-ignore
const typeorm = {
  files: (count) => Object.fromEntries(Array.from({ length: count }, (_, at) => [`entities/e${at}.ts`, `import { Column, Entity, ManyToOne, OneToMany, PrimaryColumn, type Relation } from "typeorm";\nimport { E${(at + 1) % count} } from "./e${(at + 1) % count}.js";\nimport { E${(at + count - 1) % count} } from "./e${(at + count - 1) % count}.js";\n@Entity() export class E${at} {\n  ${columns.join("\n  ")}\n  @ManyToOne(() => E${(at + 1) % count}) next?: Relation<E${(at + 1) % count}>;\n  @OneToMany(() => E${(at + count - 1) % count}, (one) => one.next) before?: Relation<E${(at + count - 1) % count}>[];\n}\n`])), // prettier-ignore
  imports: (at) => `import type { DeepPartial } from "typeorm";\nimport type { E${at} } from "../entities/e${at}.js";`,
  shapes: (at) => variants(`E${at}`, at % 2 === 0 ? `DeepPartial<E${at}>` : undefined, at),
};

const decls = (text, kindsOf) => ({ files: () => ({}), ...kindsOf, head: text });
const zod = decls((at) => `const schema = z.object({ id: z.string(), at: z.date(), n: z.number(), flag: z.boolean(), kind: z.enum(["a", "b"]), note: z.string().nullable(), tags: z.array(z.string()) });\nconst branded = z.object({ a: z.string() }).brand<"order">();\nconst tree${at} = z.object({ v: z.number(), get below() { return z.array(tree${at}).optional(); } });`, { // prettier-ignore
  imports: 'import { z } from "zod";',
  shapes: (at) => [
    ...variants("z.infer<typeof schema>", 'z.infer<ReturnType<typeof schema.partial>>', at),
    at % 4 === 1 ? { type: "z.infer<typeof branded>", right: ['{ a: "x" } as z.infer<typeof branded>'], wrong: ["{ a: 1 }", "{}"] } :
    at % 2 === 0 ? { type: `z.infer<typeof tree${at}>`, right: ["{ v: 1 }", "{ v: 1, below: [{ v: 2, below: [] }] }"], wrong: ['{ v: "1" }', '{ v: 1, below: [{ v: "2" }] }'] } : exact('z.output<typeof schema> & { extra: bigint }', all, { extra: "5n" }), // prettier-ignore
  ].slice(0, 2),
}); // prettier-ignore
const typebox = decls(() => 'const schema = Type.Object({ id: Type.String(), at: Type.Date(), n: Type.Number(), flag: Type.Boolean(), kind: Type.Union([Type.Literal("a"), Type.Literal("b")]), note: Type.Union([Type.String(), Type.Null()]), tags: Type.Array(Type.String()) });\nconst part = Type.Partial(schema);\nconst picked = Type.Pick(schema, ["id", "n"]);\nconst tree = Type.Recursive((This) => Type.Object({ v: Type.Number(), below: Type.Array(This) }));', { // prettier-ignore
  imports: 'import { type Static, Type } from "@sinclair/typebox";',
  shapes: (at) => [
    at % 2 === 0 ? exact("Static<typeof picked>", ["id", "n"]) : { type: "Static<typeof tree>", right: ["{ v: 1, below: [{ v: 2, below: [] }] }"], wrong: ["{ v: 1 }", '{ v: 1, below: [{ v: "2", below: [] }] }'] }, // prettier-ignore
    ...variants("Static<typeof schema>", "Static<typeof part>", at),
  ].slice(0, 2),
}); // prettier-ignore
const mongoose = decls(() => 'const schema = new Schema({ id: { type: String, required: true }, at: { type: Date, required: true }, n: { type: Number, required: true }, flag: { type: Boolean, required: true }, kind: { type: String, enum: ["a", "b"] as const, required: true } });\ninterface Plain { id: string; at: Date; n: number; flag: boolean; kind: "a" | "b"; note: string | null; tags: string[] }', { // prettier-ignore
  imports: 'import { type InferSchemaType, Schema } from "mongoose";',
  shapes: (at) => [
    at % 2 === 0 ? exact("InferSchemaType<typeof schema>", ["id", "at", "n", "flag", "kind"]) : exact("Omit<Plain, never>", all),
    ...variants("Plain", undefined, at),
  ].slice(0, 2),
}); // prettier-ignore
const typefest = decls(() => 'interface Base { id: string; at: Date; n: number; flag: boolean; kind: "a" | "b"; note: string | null; tags: string[] }', { // prettier-ignore
  imports: 'import type { Except, Jsonifiable, Jsonify, JsonValue, Merge, ReadonlyDeep, RequireAtLeastOne, SetOptional, SetRequired, Simplify, Tagged } from "type-fest";', // prettier-ignore
  shapes: (at) => {
    const from = [
      exact('Except<Base, "n">', but("n")), exact("ReadonlyDeep<Base>"), exact('Merge<Base, { n: string }>', all, { n: '"s"' }), some("Partial<Simplify<Base>>"),
      { ...exact('SetOptional<Base, "note" | "tags">', all), right: [value(all), value(but("note", "tags"))] }, exact('SetRequired<Partial<Base>, "id">', ["id"]),
      exact("Jsonify<Base>", all, { at: '"2026-01-02"' }), { type: "{ json: JsonValue }", right: ['{ json: [1, { a: null }] }'], wrong: ["{}"] },
      { type: 'RequireAtLeastOne<{ a?: string; b?: number }, "a" | "b">', right: ['{ a: "x" }', "{ b: 1 }"], wrong: ["{ a: 1 }", '{ b: "x" }'] }, { type: "{ json: Jsonifiable }", right: ["{ json: [1, { a: null }] }"], wrong: ["{}", "{ json: 5n }"] }, { type: 'Tagged<{ a: string }, "order">', right: ['{ a: "x" } as Tagged<{ a: string }, "order">'], wrong: ["{ a: 1 }", "{}", '"x"'] },
      { type: '{ id: Tagged<string, "id"> }', right: ['{ id: "x" as Tagged<string, "id"> }'], wrong: ["{ id: 1 }"] },
    ]; // prettier-ignore
    return [from[(2 * at) % from.length], from[(2 * at + 1) % from.length]];
  },
}); // prettier-ignore
const swagger = decls(() => `class Base { ${body} }\nclass Some extends PartialType(Base) {}\nclass Picked extends PickType(Base, ["id", "tags"] as const) {}\nclass Without extends OmitType(Base, ["at"] as const) {}\nclass More { extra!: number }\nclass Both extends IntersectionType(Picked, More) {}`, { // prettier-ignore
  imports: 'import { IntersectionType, OmitType, PartialType, PickType } from "@nestjs/swagger";',
  shapes: (at) => [some("Some"), exact("Picked", ["id", "tags"]), exact("Without", but("at")), exact("Both", ["id", "tags"], { extra: "1" }), listOf(exact("Picked", ["id", "tags"])), inside(exact("Without", but("at")))].slice((at % 3) * 2, (at % 3) * 2 + 2), // prettier-ignore
}); // prettier-ignore

/** How many modules of two to four tasks each kind has; 300 files with those of the entities. */
export const KINDS = { prisma: [prisma, 40], typeorm: [typeorm, 40], zod: [zod, 45], typebox: [typebox, 45], mongoose: [mongoose, 20], typefest: [typefest, 35], swagger: [swagger, 35] }; // prettier-ignore

/**
 * What cannot travel though TypeScript lets it stand there: by package what to import, then each type, what
 * is said of it, and why that is right.
 */
export const REFUSED = [
  ["prisma", 'import { type Prisma, PrismaClient } from "../prisma/client.js";\nvoid PrismaClient;', [
    ["Prisma.M0CreateInput", "STEM2005", "takes a Date or a text for each date, which are both text on the wire"],
    ["Prisma.M1UncheckedCreateInput", "STEM2005", "the same"],
    ["Prisma.M2CreateManyInput", "STEM2005", "the same"],
    ["Prisma.M3UpdateInput", "STEM2005", "the same"],
    ["Prisma.M4WhereUniqueInput", "STEM2005", "the same, in filters of dates"],
    ["Prisma.M5FindManyArgs", "STEM2005", "the same"],
    ['Omit<Prisma.M6CreateManyInput, "at">', "STEM2003", "takes Prisma.DbNull for columns of JSON, an instance with private members"],
    ["Prisma.Decimal", "STEM2003", "an instance of Decimal; send its text"],
    ["Prisma.PrismaClientKnownRequestError", "STEM2003", "an instance of an error"],
  ]],
  ["typeorm", 'import type { FindOptionsWhere, QueryDeepPartialEntity } from "typeorm";\nimport type { E0 } from "../entities/e0.js";', [
    ["FindOptionsWhere<E0>", "STEM2003", "takes FindOperator, an instance with private members"],
    ["QueryDeepPartialEntity<E0>", "STEM2001", "takes a function for each column, which gives the SQL of it"],
  ]],
  ["mongoose", 'import { type HydratedDocument, type InferSchemaType, type QueryFilter, Schema, type Types } from "mongoose";\nconst listed = new Schema({ list: [{ x: { type: Number, required: true } }] });\nvoid listed;', [
    ["Types.ObjectId", "STEM2003", "an instance of ObjectId; send its text"],
    ["HydratedDocument<{ name: string }>", "STEM2001", "has the methods of a document; send toObject()"],
    ["QueryFilter<{ name: string }>", "STEM2004", "takes a RegExp for texts"],
    ["InferSchemaType<typeof listed>", "STEM2003", "documents in documents are lists with methods; InferRawDocType has plain ones"],
  ]],
  ["zod", 'import { z } from "zod";\nconst file = z.object({ f: z.file() });\nconst later = z.promise(z.string());\nvoid [file, later];', [
    ["z.ZodError", "STEM2004", "an error"],
    ["z.core.$ZodIssue", "STEM2002", "its path may have symbols"],
    ["z.infer<typeof file>", "STEM2001", "a File, which lives in one process"],
    ["z.infer<typeof later>", "STEM2004", "a promise"],
  ]],
  ["typefest", 'import type { Primitive } from "type-fest";', [["Primitive", "STEM2005", "a bigint or a text, which are both text on the wire"]]],
  ["swagger", 'import { PartialType } from "@nestjs/swagger";\nclass M { a!: string; x() { return 1; } }\nclass Some extends PartialType(M) {}', [["Some", "STEM2001", "has the methods of its class"]]],
]; // prettier-ignore
