// The wire as the SDK's authors declare it. Each package's meta.d.mts holds the *REST-cased* types of requests and
// responses (`id`, `createdDate`, eventPageUrl as {base, path}); its bounds stand in JSDoc tags. The file is
// generated and line-shaped, so it is read line by line, without a TypeScript compiler. A name that is not found
// is an error, never a silent pass.
import { readFileSync } from "node:fs";

const FORMATS = {
  GUID: /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i,
  CURRENCY: /^[A-Z]{3}$/,
  COUNTRY: /^[A-Z]{2}$/,
  DECIMAL_VALUE: /^-?\d+(\.\d+)?$/,
  EMAIL: /^[^@\s]+@[^@\s]+$/,
  WEB_URL: /^https?:\/\/\S+$/,
  PHONE: /^[+\d][\d\s().-]+$/,
  LANGUAGE: /^[a-z]{2,3}$/,
  LANGUAGE_TAG: /^[A-Za-z]{2,3}(-[A-Za-z0-9]+)*$/,
};
const RFC_3339_UTC = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z$/;
const WHOLE_NUMBERS_AS_STRINGS = new Set(["revision"]);

export class RestTypes {
  #declared = new Map();

  constructor(file) {
    let name = null;
    let doc = "";
    for (const line of readFileSync(file, "utf8").split("\n")) {
      const opened = /^interface (\w+)(?: extends \w+)? \{(\})?$/.exec(line);
      const alias = /^type (\w+) = (?:\w+ \| )?((?:'[^']*'(?: \| )?)+);$/.exec(line);
      const field = /^ {4}(\w+)(\?)?: (.+);$/.exec(line);
      if (opened) {
        name = opened[2] ? null : opened[1];
        this.#declared.set(opened[1], { fields: new Map() });
      } else if (alias) {
        this.#declared.set(alias[1], {
          literals: alias[2].split(" | ").map((literal) => literal.slice(1, -1)),
        });
      } else if (line === "}") {
        name = null;
      } else if (name && field) {
        const [, key, optional, type] = field;
        this.#declared.get(name).fields.set(key, { type, optional: Boolean(optional), bounds: bounds(doc) });
        doc = "";
      } else if (/^\s*(\/\*\*|\*)/.test(line)) {
        doc = line.includes("/**") ? line : `${doc}\n${line}`;
      }
    }
  }

  get size() {
    return this.#declared.size;
  }

  /** @returns {string[]} what is wrong with `value` as a `typeName`; empty when nothing is */
  findings(typeName, value) {
    if (!this.#declared.has(typeName)) throw new Error(`the SDK declares no type ${typeName}`);
    return this.#walk(typeName, value, "", {});
  }

  #walk(type, value, path, limits) {
    if (type.endsWith(" | null"))
      return value === null ? [] : this.#walk(type.slice(0, -7), value, path, { ...limits, nullable: true });
    if (value === null) return [`${path}: null, but ${type} is not nullable`];
    if (type.endsWith("[]")) return this.#walkArray(type.slice(0, -2), value, path, limits);
    const record = /^Record<string, (.+)>$/.exec(type);
    if (record) return this.#walkRecord(record[1], value, path);
    const declared = this.#declared.get(type);
    if (declared?.literals)
      return declared.literals.includes(value)
        ? []
        : [`${path}: ${shown(value)} is not one of ${declared.literals}`];
    if (declared) return this.#walkObject(type, declared.fields, value, path);
    return walkScalar(type, value, path, limits);
  }

  #walkArray(type, value, path, limits) {
    if (!Array.isArray(value)) return [`${path}: ${shown(value)} is not an array`];
    const tooLong =
      value.length > (limits.maxSize ?? Infinity)
        ? [`${path}: ${value.length} items, at most ${limits.maxSize}`]
        : [];
    return [
      ...tooLong,
      ...value.flatMap((item, index) => this.#walk(type, item, `${path}[${index}]`, limits)),
    ];
  }

  #walkRecord(type, value, path) {
    if (!isObject(value)) return [`${path}: ${shown(value)} is not an object`];
    if (type === "any") return [];
    return Object.entries(value).flatMap(([key, item]) => this.#walk(type, item, `${path}.${key}`, {}));
  }

  #walkObject(typeName, fields, value, path) {
    if (!isObject(value)) return [`${path}: ${shown(value)} is not a ${typeName}`];
    const unknown = Object.keys(value)
      .filter((key) => !fields.has(key))
      .map((key) => `${path}.${key}: no such key in ${typeName}`);
    const missing = [...fields]
      .filter(([key, { optional }]) => !optional && !(key in value))
      .map(([key]) => `${path}.${key}: missing from ${typeName}`);
    const wrong = [...fields]
      .filter(([key]) => key in value)
      .flatMap(([key, { type, bounds: limits }]) =>
        this.#walk(
          type,
          value[key],
          `${path}.${key}`,
          WHOLE_NUMBERS_AS_STRINGS.has(key) ? { ...limits, whole: true } : limits,
        ),
      );
    return [...unknown, ...missing, ...wrong];
  }
}

function walkScalar(type, value, path, limits) {
  switch (type) {
    case "string":
      return typeof value === "string"
        ? textFindings(value, path, limits)
        : [`${path}: ${shown(value)} is not a string`];
    case "number":
      if (typeof value !== "number") return [`${path}: ${shown(value)} is not a number`];
      return value < (limits.min ?? -Infinity) || value > (limits.max ?? Infinity)
        ? [`${path}: ${value} is not within ${limits.min ?? ""}..${limits.max ?? ""}`]
        : [];
    case "boolean":
      return typeof value === "boolean" ? [] : [`${path}: ${shown(value)} is not a boolean`];
    case "Date":
      return typeof value === "string" && RFC_3339_UTC.test(value)
        ? []
        : [`${path}: ${shown(value)} is not an RFC 3339 time in UTC`];
    default:
      throw new Error(`${path}: the SDK declares type ${type}, which this reader does not know`);
  }
}

function textFindings(value, path, limits) {
  if (value === "" && !limits.nullable && !limits.minLength) return []; // how protobuf writes "no value"
  const findings = [];
  if (value.length > (limits.maxLength ?? Infinity))
    findings.push(`${path}: ${value.length} characters, at most ${limits.maxLength}`);
  if (value.length < (limits.minLength ?? 0))
    findings.push(`${path}: ${value.length} characters, at least ${limits.minLength}`);
  if (limits.format && !FORMATS[limits.format].test(value))
    findings.push(`${path}: ${shown(value)} is not a ${limits.format}`);
  if (limits.whole && !/^\d+$/.test(value))
    findings.push(`${path}: ${shown(value)} is not a whole number in a string`);
  return findings;
}

function bounds(doc) {
  const number = (tag) => {
    const found = new RegExp(`@${tag} (-?[\\d.]+)`).exec(doc);
    return found ? Number(found[1]) : undefined;
  };
  const format = /@format (\w+)/.exec(doc)?.[1];
  if (format && !(format in FORMATS)) throw new Error(`@format ${format} is not known here`);
  return {
    min: number("min"),
    max: number("max"),
    minLength: number("minLength"),
    maxLength: number("maxLength"),
    maxSize: number("maxSize"),
    format,
  };
}

function isObject(value) {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function shown(value) {
  return JSON.stringify(value)?.slice(0, 60);
}
