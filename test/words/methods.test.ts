import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { methodSentence } from '../../src/words/methods';

test('every method that a report names has a sentence', () => {
  const sources = ['src/analysis', 'src/spectral'].flatMap((folder) =>
    readdirSync(folder).map((name) => readFileSync(`${folder}/${name}`, 'utf8')),
  );
  const text = sources.join('\n');
  const named = [
    ...[...text.matchAll(/certificate\([^;\n]*, '([^']+)'\)/g)].map(([, name]) => name!),
    ...[...text.matchAll(/kind: 'stochastic',[^}]*method: '([^']+)'/g)].map(([, name]) => name!),
    ...[...text.matchAll(/^const [A-Z_]+ = '([A-Z][^']*(?:jackknife|Jackknife|trace|Wozniakowski)[^']*)';/gm)].map(([, name]) => name!),
  ];
  expect(named.length).toBeGreaterThan(10);
  expect([...new Set(named)].filter((name) => methodSentence(name) === '')).toEqual([]);
  expect(methodSentence('other')).toBe('');
});
