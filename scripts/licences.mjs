// What the package says of the packages inside it: the notices that their licences ask for, and the bill of materials.
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { root } from './process.mjs';

/** Licences under which a package may be part of the extension. Another one needs a decision, not an entry made in passing. */
export const ALLOWED = new Set(['MIT', 'MIT-0', '0BSD', 'BSD-2-Clause', 'BSD-3-Clause', 'Apache-2.0', 'ISC', 'Unlicense', 'NIST-Software']);

/** Where package.json points to a text, or names another licence than the text has. */
const STATED = {
  h5wasm: 'NIST-Software',
  // Its package.json says MIT; the text, of Dawn, is the BSD licence of three clauses.
  webgpu: 'BSD-3-Clause',
};

/** Of packages under the MIT licence that carry no text of it. */
const MIT = `Permission is hereby granted, free of charge, to any person obtaining a copy of this software and associated documentation files (the
"Software"), to deal in the Software without restriction, including without limitation the rights to use, copy, modify, merge, publish,
distribute, sublicense, and/or sell copies of the Software, and to permit persons to whom the Software is furnished to do so, subject to
the following conditions:

The above copyright notice and this permission notice shall be included in all copies or substantial portions of the Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING BUT NOT LIMITED TO THE WARRANTIES OF
MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE AUTHORS OR COPYRIGHT HOLDERS BE LIABLE FOR
ANY CLAIM, DAMAGES OR OTHER LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING FROM, OUT OF OR IN CONNECTION WITH
THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE SOFTWARE.`;

const TEXTS = /^(?:licen[cs]e|copying|copyright|notice|thirdparty)/i;

/**
 * Folders of the packages of which some byte is in what esbuild wrote.
 * @param {readonly import('esbuild').Metafile[]} metafiles
 * @returns {string[]} such as `node_modules/@kurkle/color`, sorted
 */
export function bundledFolders(metafiles) {
  const inputs = metafiles
    .flatMap(({ outputs }) => Object.values(outputs))
    .flatMap(({ inputs }) => Object.entries(inputs))
    .filter(([, { bytesInOutput }]) => bytesInOutput > 0)
    .map(([file]) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+(?=\/)/.exec(file)?.[0]);
  return [...new Set(inputs.filter((folder) => folder !== undefined))].sort();
}

/**
 * @param {string} folder from the root of the repository
 * @throws where its licence is not allowed, or there is no text to show
 */
export function describePackage(folder) {
  const place = path.join(root, folder);
  const { name, version, license, author } = JSON.parse(readFileSync(path.join(place, 'package.json'), 'utf8'));
  const licence = STATED[name] ?? license;
  if (!licence?.split(' AND ').every((each) => ALLOWED.has(each)))
    throw new Error(`${name} ${version} is under "${licence}", which scripts/licences.mjs does not allow.`);
  const texts = readdirSync(place)
    .filter((file) => TEXTS.test(file))
    .sort()
    .map((file) => readFileSync(path.join(place, file), 'utf8').replaceAll('\r\n', '\n').trim());
  if (texts.length === 0 && licence === 'MIT') texts.push(`Copyright (c) ${author?.name ?? author ?? `the authors of ${name}`}\n\n${MIT}`);
  if (texts.length === 0) throw new Error(`${name} ${version} is under ${licence} and carries no text of it.`);
  return { folder, name, version, licence, texts };
}

/** @param {readonly ReturnType<typeof describePackage>[]} packages */
export function noticesOf(packages) {
  const rule = '='.repeat(80);
  const head =
    'Sigma contains the packages below, in whole or in part. Each is named with its version, its licence and the text that it asks to keep.';
  return `${[head, ...packages.map(({ name, version, licence, texts }) => [rule, `${name} ${version} (${licence})`, rule, ...texts].join('\n\n'))].join('\n\n')}\n`;
}

/**
 * A bill of materials as CycloneDX 1.6 (JSON), the same bytes for the same packages: without time and serial number, which it may lack.
 * @param {readonly ReturnType<typeof describePackage>[]} packages
 * @param {{ name: string, version: string, license: string }} product
 * @param {Record<string, { integrity?: string }>} locked `packages` of package-lock.json
 */
export function billOfMaterials(packages, product, locked) {
  const main = purl(product);
  const components = packages.map(({ folder, name, version, licence }) => {
    const { integrity } = locked[folder] ?? {};
    const tarball = `https://registry.npmjs.org/${name}/-/${path.posix.basename(name)}-${version}.tgz`;
    const id = purl({ name, version });
    return {
      type: 'library',
      'bom-ref': id,
      name,
      version,
      licenses: [statedLicence(licence)],
      purl: id,
      ...(integrity && {
        externalReferences: [{ type: 'distribution', url: tarball, hashes: [{ alg: 'SHA-512', content: hexOf(integrity) }] }],
      }),
    };
  });
  const bill = {
    bomFormat: 'CycloneDX',
    specVersion: '1.6',
    version: 1,
    metadata: {
      component: {
        type: 'application',
        'bom-ref': main,
        name: product.name,
        version: product.version,
        licenses: [{ license: { id: product.license } }],
        purl: main,
      },
    },
    components,
    dependencies: [{ ref: main, dependsOn: components.map(({ purl }) => purl) }],
  };
  return `${JSON.stringify(bill, null, 2)}\n`;
}

/** @param {string} licence as SPDX writes it, or a name of ours */
function statedLicence(licence) {
  if (licence.includes(' ')) return { expression: licence };
  return { license: licence === 'NIST-Software' ? { name: 'NIST software statement, with the licence of HDF5' } : { id: licence } };
}

/** @param {{ name: string, version: string }} named */
function purl({ name, version }) {
  return `pkg:npm/${name.replace('@', '%40')}@${version}`;
}

/** @param {string} integrity `sha512-` and base64 */
function hexOf(integrity) {
  return Buffer.from(integrity.replace(/^sha512-/, ''), 'base64').toString('hex');
}
