import { cell } from './cell';
import { generator, populations } from './populations';

/** Arguments: folder of the runs, number of draws, ratios n / d, then the populations. One line of JSON for each cell. */
const [runs, draws, ratios, ...names] = process.argv.slice(2);
for (const name of names) {
  const random = generator([...name].reduce((hash, c) => Math.imul(hash, 31) + c.charCodeAt(0), 7));
  const population = populations(runs)[name](random);
  for (const ratio of ratios.split(',').map(Number)) {
    const n = Math.round(ratio * population.columns);
    const tallies = await cell(population, n, Number(draws), random);
    process.stdout.write(`${JSON.stringify({ population: name, ratio, rows: population.rows, columns: population.columns, tallies })}\n`);
  }
}
