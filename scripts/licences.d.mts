import type { Metafile } from 'esbuild';

interface Package {
  readonly folder: string;
  readonly name: string;
  readonly version: string;
  readonly licence: string;
  readonly texts: readonly string[];
}
export const ALLOWED: ReadonlySet<string>;
export function bundledFolders(metafiles: readonly Pick<Metafile, 'outputs'>[]): string[];
export function describePackage(folder: string): Package;
export function noticesOf(packages: readonly Package[]): string;
export function billOfMaterials(
  packages: readonly Package[],
  product: { readonly name: string; readonly version: string; readonly license: string },
  locked: Readonly<Record<string, { readonly integrity?: string }>>,
): string;
