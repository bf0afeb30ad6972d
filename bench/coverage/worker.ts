import { uniform } from '../../src/spectral/random';
import { cell, truthOf } from './cell';
import { populations } from './populations';

/** Arguments: folder of the runs, number of draws, ratios n / d, then the populations. One line of JSON for each cell. */
const [runs, draws, ratios, ...names] = process.argv.slice(2);
for (const name of names) {
  const random = uniform([...name].reduce((hash, c) => Math.imul(hash, 31) + c.charCodeAt(0), 7));
  const population = populations(runs)[name](random);
  const truth = await truthOf(population);
  for (const ratio of ratios.split(',').map(Number)) {
    const n = Math.round(ratio * population.columns);
    const tallies = await cell(population, truth, n, Number(draws), random);
    process.stdout.write(`${JSON.stringify({ population: name, ratio, rows: population.rows, columns: population.columns, tallies })}\n`);
  }
}
