import { COMPARISON_SCHEMA, type Comparison } from './comparison';
import { type Density, REPORT_SCHEMA, type SpectralReport, type Spectrum } from './report';

export type JsonValue = number | string | boolean | null | readonly JsonValue[] | { readonly [key: string]: JsonValue };

/** A document (report, comparison, run) as a JSON value: typed arrays become arrays, non-finite numbers the strings "NaN", "Infinity" and "-Infinity". */
export function toJson(document: object): JsonValue {
  return valueToJson(document);
}

/**
 * The report that {@link toJson} wrote.
 * @throws Error when the value is not a `sigma.report/1`
 */
export function reportFromJson(json: unknown): SpectralReport {
  const written = json as SpectralReport | null | undefined;
  if (written?.schema !== REPORT_SCHEMA) throw new Error(`This is not a ${REPORT_SCHEMA} document.`);
  const report = fromJson(json) as SpectralReport;
  return {
    ...report,
    // A file may call its tensor "NaN": where the file's own words stand, nothing is a number's name.
    source: written.source,
    spectrum: report.spectrum && withArrays(report.spectrum),
  };
}

/**
 * The comparison that {@link toJson} wrote.
 * @throws Error when the value is not a `sigma.compare/1`
 */
export function comparisonFromJson(json: unknown): Comparison {
  const written = json as Comparison | null | undefined;
  if (written?.schema !== COMPARISON_SCHEMA) throw new Error(`This is not a ${COMPARISON_SCHEMA} document.`);
  const { a, b, ...pair } = written;
  return { ...(fromJson(pair) as Omit<Comparison, 'a' | 'b'>), a: reportFromJson(a), b: reportFromJson(b) };
}

/** The spectrum with typed arrays where JSON has plain ones. */
function withArrays(spectrum: Spectrum): Spectrum {
  const eigenvalues = Float64Array.from(spectrum.eigenvalues);
  if (spectrum.kind === 'exact') return { ...spectrum, eigenvalues, centred: Float64Array.from(spectrum.centred) };
  const density = ({ nodes, weights }: Density): Density => ({ nodes: Float64Array.from(nodes), weights: Float64Array.from(weights) });
  return { ...spectrum, eigenvalues, density: density(spectrum.density), centredDensity: density(spectrum.centredDensity) };
}

function valueToJson(value: unknown): JsonValue {
  if (typeof value === 'number') return Number.isFinite(value) ? value : String(value);
  if (value instanceof Float64Array) return Array.from(value, valueToJson);
  if (Array.isArray(value)) return value.map(valueToJson);
  if (typeof value === 'object' && value !== null) return mapMembers(value, valueToJson);
  return value as string | boolean | null;
}

function fromJson(value: unknown): unknown {
  if (value === 'NaN' || value === 'Infinity' || value === '-Infinity') return Number(value);
  if (Array.isArray(value)) return value.map(fromJson);
  if (typeof value === 'object' && value !== null) return mapMembers(value, fromJson);
  return value;
}

function mapMembers<T>(value: object, map: (member: unknown) => T): { [key: string]: T } {
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, map(member)]));
}
