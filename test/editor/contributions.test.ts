import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { DEFAULT_OPTIONS } from '../../src/analysis/report';
import { COMMANDS, FILE_ENDINGS, isAnalysable, SECTION, SPECTRUM_EDITOR, WATCHED_FOLDERS } from '../../src/editor/contributions';
import { SETTINGS } from '../../src/editor/settings';
import { FORMATS } from '../../src/formats/registry';

interface MenuItem {
  command: string;
  when: string;
  group: string;
}
interface Manifest {
  contributes: {
    commands: { command: string; title: string; category?: string }[];
    menus: Record<string, MenuItem[]>;
    customEditors: { viewType: string; priority: string; selector: { filenamePattern: string }[] }[];
    configuration: { properties: Record<string, { default: unknown; enum?: string[]; scope: string }> };
  };
  capabilities: { untrustedWorkspaces: { restrictedConfigurations: string[] } };
}

const json = (path: string) => JSON.parse(readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8'));
const manifest: Manifest = json('package.json');
const strings: Record<string, string> = json('package.nls.json');
const { contributes } = manifest;
const properties = contributes.configuration.properties;

describe('the manifest and the code agree on', () => {
  it('commands', () => {
    expect(contributes.commands.map(({ command }) => command).sort()).toEqual(Object.values(COMMANDS).sort());
    // A menu shows the title alone, so the one command that stands among other extensions' there carries the name itself.
    const inMenus = new Set(Object.values(contributes.menus).flatMap((items) => items.map(({ command }) => command)));
    for (const { command, category, title } of contributes.commands) {
      const shown = strings[title.replaceAll('%', '')]!;
      expect(category === undefined ? shown : `${category}: ${shown}`).toMatch(/^Sigma: (?!Sigma)/);
      if (inMenus.has(command)) expect(shown).toMatch(/^Sigma: /);
    }
    const known = new Set<string>(Object.values(COMMANDS));
    expect(
      Object.values(contributes.menus)
        .flat()
        .filter(({ command }) => !known.has(command)),
    ).toEqual([]);
  });

  it('the custom editor and its files', () => {
    const [editor, ...others] = contributes.customEditors;
    expect(others).toEqual([]);
    expect(editor!.viewType).toBe(SPECTRUM_EDITOR);
    expect(editor!.priority).toBe('option');
    expect(editor!.selector.map(({ filenamePattern }) => filenamePattern).sort()).toEqual(
      FILE_ENDINGS.map((ending) => `*.${ending}`).sort(),
    );
  });

  it('the formats that can be read', () => {
    const readable = FORMATS.flatMap(({ extensions }) => extensions);
    expect([...new Set(readable)].sort()).toEqual(FILE_ENDINGS.map((ending) => `.${ending}`).sort());
  });

  it('settings and their defaults', () => {
    expect(Object.keys(properties).sort()).toEqual(
      Object.keys(SETTINGS)
        .map((name) => `${SECTION}.${name}`)
        .sort(),
    );
    const defaults = Object.fromEntries(
      Object.entries(properties).map(([name, property]) => [name.replace(`${SECTION}.`, ''), property.default]),
    );
    expect(defaults).toEqual({
      backend: DEFAULT_OPTIONS.backend,
      ridge: DEFAULT_OPTIONS.ridge,
      confidence: DEFAULT_OPTIONS.confidence,
      maxRows: DEFAULT_OPTIONS.rows,
      tolerance: DEFAULT_OPTIONS.tolerance,
      normalize: 'auto',
      runs: [],
    });
    expect(properties['sigma.backend']!.enum).toEqual(SETTINGS.backend.options);
    expect(properties['sigma.normalize']!.enum).toEqual(SETTINGS.normalize.options);
  });

  it('settings that an untrusted folder may not set', () => {
    expect(manifest.capabilities.untrustedWorkspaces.restrictedConfigurations.filter((name) => !(name in properties))).toEqual([]);
  });
});

describe('the context menus', () => {
  /** The part of a when-clause that reads the file's name: `key =~ /pattern/flags`, joined by `||`. */
  function offered({ when }: MenuItem, fileName: string): boolean {
    const keys: Record<string, string> = { resourceExtname: /\.[^.]*$/.exec(fileName)?.[0] ?? '', resourceFilename: fileName };
    return when.split(' || ').some((clause) => {
      const [, key, pattern, flags] = /^(\w+) =~ \/(.*)\/(i?)$/.exec(clause)!;
      return new RegExp(pattern!, flags).test(keys[key!]!);
    });
  }

  const menus = ['explorer/context', 'editor/title/context'] as const;
  it.each(menus)('%s offers the analysis on each file that can be read, in any case, and on no other', (menu) => {
    const [item, ...others] = contributes.menus[menu]!.filter(({ command }) => command === COMMANDS.analyze);
    expect(others).toEqual([]);
    for (const ending of FILE_ENDINGS) {
      expect(offered(item!, `model.${ending}`), ending).toBe(true);
      expect(offered(item!, `MODEL.${ending.toUpperCase()}`), ending).toBe(true);
    }
    for (const name of ['config.json', 'index.json', 'notes.txt', 'npy', 'a.npy.bak', 'train.py', 'x.safetensors.index.json.orig']) {
      expect(offered(item!, name), name).toBe(false);
      expect(isAnalysable(name), name).toBe(false);
    }
  });
});

it('the Explorer offers on a folder to watch it, or to stop where it is watched', () => {
  const offers = contributes.menus['explorer/context']!.filter(({ command }) => command !== COMMANDS.analyze);
  expect(offers.map(({ command, when }) => [command, when.split(' && ').toSorted()])).toEqual([
    [COMMANDS.watchRun, ['explorerResourceIsFolder', 'isWorkspaceTrusted', `resourcePath not in ${WATCHED_FOLDERS}`]],
    [COMMANDS.unwatchRun, ['explorerResourceIsFolder', `resourcePath in ${WATCHED_FOLDERS}`]],
  ]);
});

it('every text of the manifest is there, and none is left over', () => {
  const texts = json('package.nls.json');
  const used = [...JSON.stringify(manifest).matchAll(/"%([\w.]+)%"/g)].map(([, key]) => key!);
  expect(Object.keys(texts).sort()).toEqual([...new Set(used)].sort());
});
