import type { AnalyzedCheckpoint } from '../../src/runs/run-report';
import { halving, type Outlook, outlooks } from './forecasts';
import { alarmOf, checkpoints, type Detection, detect, exceeds, type Generations, largestShift, PEERS } from './methods';
import { REAL_RUNS } from './real-runs';
import { COLUMNS, ROWS, SCENARIOS } from './scenarios';
import type { Chain } from './worker';

type Controls = readonly (readonly AnalyzedCheckpoint[])[];
/** First flagged generation of each chain, counted from the change: 1 is the first generation that is not healthy. Null where none was. */
type Latencies = readonly (number | null)[];

const FEW = 3;
const MANY = 30;
/** Generations over which chains are watched. */
const WATCHED = 12;
/** Of a chain of 'late'. */
const CHANGE = 5;

/** docs/detection.md. */
export function table(chains: readonly Chain[]): string {
  const of = (set: Chain['set'], name = 'control'): Generations[] =>
    chains.filter((c) => c.set === set && c.name === name).map(({ generations }) => generations);
  const control = of('control');
  const pinned = of('pinned');
  const triple = (i: number): Generations[] => [0, 1, 2].map((j) => pinned[(FEW * i + j) % pinned.length]);
  const many = pinned.slice(0, MANY).map(checkpoints);
  const OURS: readonly { readonly label: string; controls(i: number): Controls }[] = [
    { label: 'Sigma, alone', controls: () => [] },
    { label: `Sigma, ${FEW} controls`, controls: (i) => triple(i).map(checkpoints) },
    { label: `Sigma, ${MANY} controls`, controls: () => many },
  ];
  const detections = (set: readonly Generations[], { controls }: (typeof OURS)[number]): (Detection | null)[] =>
    set.map((chain, i) => detect(checkpoints(chain), controls(i)));
  const ours = OURS.map((mode) => ({ ...mode, alarms: count(detections(control, mode)) }));
  const allowed = Math.max(...ours.map(({ alarms }) => alarms));
  const peers = PEERS.map((peer) => {
    const ownThreshold = (i: number): number => Math.max(...triple(i).map((chain) => largestShift(peer, chain)));
    const shifts = control.map((chain) => largestShift(peer, chain)).sort((a, b) => b - a);
    return {
      ...peer,
      ownThreshold,
      equalThreshold: shifts[allowed],
      alarms: count(control.map((chain, i) => exceeds(peer, chain, ownThreshold(i)))),
      ofOne: pinned.reduce((sum, chain) => sum + count(control.map((c) => exceeds(peer, c, largestShift(peer, chain)))), 0) / pinned.length,
    };
  });
  const scenarios = Object.keys(SCENARIOS).filter((name) => name !== 'control');

  return `${[
    ...introduction(),
    ...falseAlarms(),
    ...detection(),
    ...goal(),
    ...kindAndOnset(),
    ...laterChange(),
    ...realRuns(),
    ...forecast(),
  ].join('\n')}\n`;

  function introduction(): string[] {
    return [
      '# How soon collapse is seen',
      '',
      `Written by \`npm run bench:detection\`. A model is a Gaussian of ${COLUMNS} dimensions (variances 1 / i, and a mean that gives a mean cosine of 1 / 2), fitted at each generation to ${ROWS} rows, of which ${ROWS} are then drawn, scaled to unit length and analysed as a file of embeddings is. Generation 0 is healthy. So is every generation of a control chain, which is fitted to fresh rows: what training again varies by is in it. The recursions are tested against their closed forms.`,
      '',
      `*Sigma* is the judgement of \`sigma run\`: alone, with ${FEW} control chains, and with ${MANY}. The other methods flag the first generation that has moved further from generation 0 than a threshold: SIGMA-UB as reconstructed from public implementations of arXiv:2601.03385 (Track II on all rows, Track I on half of them), RankMe (falling), mean cosine (rising, as it is commonly read, and either way). Their threshold is the largest shift of ${FEW} control chains over ${WATCHED} generations, the same that Sigma is given; or, for comparison at equal false alarms, the one at which ${allowed} of the ${control.length} control chains are flagged: as many as Sigma flags at most.`,
      '',
      'Latency counts generations from the first one that is not healthy, which is 1.',
    ];
  }

  function falseAlarms(): string[] {
    const long = of('long');
    const times = long.map((chain) => alarmOf(checkpoints(chain)));
    const last = long[0].length - 1;
    const watched = times.reduce<number>((sum, k) => sum + (k ?? last), 0);
    const rate = count(times);
    return [
      '',
      '## False alarms',
      '',
      `| Method | Control chains flagged within ${WATCHED} generations (of ${control.length}) |`,
      '|---|---|',
      ...ours.map(({ label, alarms }) => `| ${label} | ${percent(alarms / control.length)} |`),
      ...peers.map(({ label, alarms }) => `| ${label}, largest shift of ${FEW} controls | ${percent(alarms / control.length)} |`),
      ...peers.map(({ label, ofOne }) => `| ${label}, largest shift of 1 control | ${percent(ofOne / control.length)} |`),
      '',
      `Sigma promises that the mean time to a false alarm is at least 100 generations. Alone, over ${long.length} healthy chains of ${last} generations: ${rate} alarms in ${figure(watched)} generations${rate > 0 ? `, one in ${figure(watched / rate)}` : ''}. A threshold on the shift has no such promise: generation 0 stays where it is, and the largest of more and more shifts grows.`,
    ];
  }

  function detection(): string[] {
    const row = (name: string, methods: readonly ((chain: Generations, i: number) => number | null)[]): string =>
      `| ${name} | ${methods.map((method) => summary(of('early', name).map(method))).join(' | ')} |`;
    const header = (labels: readonly string[]): string[] => [
      '',
      `| Scenario | ${labels.join(' | ')} |`,
      `|---|${labels.map(() => '---|').join('')}`,
    ];
    return [
      '',
      '## Detection',
      '',
      `${of('early', scenarios[0]).length} chains of each scenario over ${WATCHED} generations: share detected; median latency (a chain that is not detected counts as never); mean latency, where it counts as ${WATCHED + 1}.`,
      ...header(ours.map(({ label }) => label)),
      ...scenarios.map((name) =>
        row(
          name,
          OURS.map(
            ({ controls }) =>
              (chain, i) =>
                detect(checkpoints(chain), controls(i))?.at ?? null,
          ),
        ),
      ),
      '',
      `The others, with as many false alarms (${allowed} of ${control.length}):`,
      ...header(peers.map(({ label }) => label)),
      ...scenarios.map((name) =>
        row(
          name,
          peers.map((peer) => (chain) => exceeds(peer, chain, peer.equalThreshold)),
        ),
      ),
      '',
      `The others, with the largest shift of ${FEW} control chains, and the false alarms above:`,
      ...header(peers.map(({ label }) => label)),
      ...scenarios.map((name) =>
        row(
          name,
          peers.map((peer) => (chain, i) => exceeds(peer, chain, peer.ownThreshold(i))),
        ),
      ),
      '',
      'The scenarios:',
      '',
      ...scenarios.map((name) => `- ${name}: ${SCENARIOS[name].what}.`),
    ];
  }

  function goal(): string[] {
    const lines = scenarios.map((name) => {
      const set = of('early', name);
      const others = peers.map((peer) => ({
        label: peer.label,
        latencies: set.map((chain) => exceeds(peer, chain, peer.equalThreshold)),
      }));
      const best = others.reduce((a, b) => (mean(b.latencies) < mean(a.latencies) ? b : a));
      const met = OURS.map((mode) => (noLater(latencies(detections(set, mode)), best.latencies) ? 'yes' : 'no'));
      return `| ${name} | ${best.label}: ${summary(best.latencies)} | ${met.join(' | ')} |`;
    });
    return [
      '',
      '## Against the best of the others',
      '',
      'At equal false alarms: whether Sigma detects at least as many chains, at no greater median latency, as the method with the least mean latency on that scenario.',
      '',
      `| Scenario | Best of the others | ${ours.map(({ label }) => label).join(' | ')} |`,
      '|---|---|---|---|---|',
      ...lines,
      '',
      `Equal false alarms flatter the others: their thresholds are read off ${control.length} control chains, which nobody has; the first change is taken to come right after generation 0, which is what they compare with; and most of them look one way. Sigma alone knows what healthy generations vary by only from the run itself, looks both ways at several statistics, and for a change at any generation. The rows here are Gaussian, whose log-determinant varies less between healthy generations than its shape does (standard deviations ${ofHealthy(control)}); with real embeddings it is the other way round (${ofHealthy([real(REAL_RUNS[0], 'embeddings.npy')])}).`,
    ];
  }

  function kindAndOnset(): string[] {
    const rows = (['early', 'late'] as const).flatMap((set) =>
      scenarios.flatMap((name) => {
        const change = set === 'early' ? 1 : CHANGE;
        const entries = OURS.slice(0, 2).map((mode) => {
          const found = detections(of(set, name), mode).filter((d) => d !== null && d.at >= change) as Detection[];
          const dated = found.filter(({ onset }) => onset !== null);
          if (found.length === 0) return '-';
          const right = found.filter(({ kinds }) => kinds.every((kind) => SCENARIOS[name].kinds.includes(kind))).length;
          const off = dated.map(({ onset }) => Math.abs(onset!.step - change));
          const share = (within: number): string =>
            dated.length === 0 ? '-' : percent(off.filter((x) => x <= within).length / dated.length);
          return `${percent(right / found.length)}, ${share(0)}, ${share(1)} (of ${found.length})`;
        });
        return [`| ${name}, from generation ${change} on | ${entries.join(' | ')} |`];
      }),
    );
    return [
      '',
      '## Kind and onset',
      '',
      'Of the chains that were detected, and not before the change: every kind that is named at the alarm is right; the onset is exact; the onset is off by at most one. Repeated rows have no onset.',
      '',
      `| Scenario | ${ours
        .slice(0, 2)
        .map(({ label }) => label)
        .join(' | ')} |`,
      '|---|---|---|',
      ...rows,
    ];
  }

  function laterChange(): string[] {
    const since = (k: number | null): number | null => (k === null ? null : k - CHANGE + 1);
    const methods = [
      ...OURS.map(({ label, controls }) => ({
        label,
        flag: (chain: Generations, i: number) => detect(checkpoints(chain), controls(i))?.at ?? null,
      })),
      ...peers.map((peer) => ({ label: peer.label, flag: (chain: Generations) => exceeds(peer, chain, peer.equalThreshold) })),
    ];
    return [
      '',
      `## A change after ${CHANGE - 1} healthy generations`,
      '',
      `${of('late', scenarios[0]).length} chains of each scenario, over as many generations from the change on; thresholds at equal false alarms. Chains that were flagged before the change are left out.`,
      '',
      `| Scenario | ${methods.map(({ label }) => label).join(' | ')} |`,
      `|---|${methods.map(() => '---|').join('')}`,
      ...scenarios.map((name) => {
        const cells = methods.map(({ flag }) => {
          const flagged = of('late', name).map((chain, i) => since(flag(chain, i)));
          return summary(flagged.filter((k) => k === null || k > 0));
        });
        return `| ${name} | ${cells.join(' | ')} |`;
      }),
    ];
  }

  function real(name: string, file: string): Generations {
    return chains.find((c) => c.set === 'real' && c.name === name && c.file === file)?.generations ?? [];
  }

  function realRuns(): string[] {
    if (real(REAL_RUNS[0], 'embeddings.npy').length === 0) return ['', '## Real runs', '', 'Not at hand.'];
    const both = (name: string): AnalyzedCheckpoint[] => {
      const hidden = checkpoints(real(name, 'hidden.npy'));
      return checkpoints(real(name, 'embeddings.npy')).map((c, k) => ({ ...c, matrices: [...c.matrices, ...hidden[k].matrices] }));
    };
    const controlRun = REAL_RUNS[0];
    const lines = REAL_RUNS.map((name) => {
      const embeddings = checkpoints(real(name, 'embeddings.npy'));
      const control = checkpoints(real(controlRun, 'embeddings.npy'));
      const other = name !== controlRun;
      const hidden = real(name, 'hidden.npy').length > 0;
      const cells = [
        said(detect(embeddings)),
        other ? said(detect(embeddings, [control])) : '',
        hidden ? said(detect(both(name))) : '',
        hidden && other ? said(detect(both(name), [both(controlRun)])) : '',
        ...PEERS.map((peer) => {
          const threshold = largestShift(peer, real(controlRun, 'embeddings.npy'));
          return other ? (exceeds(peer, real(name, 'embeddings.npy'), threshold)?.toString() ?? 'never') : '';
        }),
      ];
      return `| ${name} | ${cells.join(' | ')} |`;
    });
    const ofOne = PEERS.map((_, p) => `${peers[p].label} ${percent(peers[p].ofOne / control.length)}`).join(', ');
    return [
      '',
      '## Real runs',
      '',
      `Ten generations of a small language model that was trained recursively on its own samples: generation of the first finding, onset, kinds. The others take the largest shift of the one control run as their threshold, which is no small false-alarm rate: thresholds of one control chain flag, among the control chains above, ${ofOne}. The control cannot be judged by its own threshold.`,
      '',
      `| Run | Sigma, alone | Sigma, with the control | alone, with hidden states | with hidden states and the control | ${PEERS.map(({ label }) => label).join(' | ')} |`,
      `|---|---|---|---|---|${PEERS.map(() => '---|').join('')}`,
      ...lines,
    ];
  }

  function forecast(): string[] {
    const rows = ['replace', 'replace, cold'].map((name) => {
      const set = of('forecast', name).map(checkpoints);
      const scored = set.flatMap((chain) => {
        const truth = halving(chain);
        return truth === null ? [] : [{ truth, given: outlooks(chain) }];
      });
      const all = scored.flatMap(({ truth, given }) => given.map((outlook) => ({ truth, ...outlook })));
      const spoken = all.filter(({ forecast }) => forecast !== null);
      const held = spoken.filter(({ truth, forecast }) => forecast!.lower <= truth && truth <= forecast!.upper);
      const widths = spoken.map(({ forecast }) => forecast!.upper - forecast!.lower).sort((a, b) => a - b);
      const ahead = spoken.map(({ truth, at }) => truth - at).sort((a, b) => a - b);
      const without = (reason: Outlook['reason']): string => percent(all.filter((o) => o.reason === reason).length / all.length);
      return `| ${name} | ${scored.length} of ${set.length} | ${all.length} | ${without('cannot-tell')} | ${without('no-trend')} | ${percent(held.length / spoken.length)} | ${middle(widths)} | ${middle(ahead)} |`;
    });
    const ofReal = REAL_RUNS.slice(1).flatMap((name) => {
      const chain = real(name, 'embeddings.npy');
      if (chain.length === 0) return [];
      const truth = halving(checkpoints(chain));
      return outlooks(checkpoints(chain)).map(({ at, forecast, reason }) => {
        const what =
          forecast === null
            ? (reason ?? 'rising').replace('-', ' ')
            : `${figure(forecast.step)} (${figure(forecast.lower)} to ${figure(forecast.upper)})`;
        return `| ${name} | ${at} | ${what} | ${truth === null ? `after ${chain.length - 1}` : figure(truth)} |`;
      });
    });
    return [
      '',
      '## Forecast',
      '',
      'At every generation from the alarm on: when the effective rank will have halved, as a 90 % interval, against when it does. Forecasts of one chain depend on one another.',
      '',
      '| Scenario | Chains that halve | Forecasts asked | Cannot tell | No trend | Interval holds the truth | Median width | Median distance |',
      '|---|---|---|---|---|---|---|---|',
      ...rows,
      '',
      '| Real run | At | Forecast | It halves at |',
      '|---|---|---|---|',
      ...ofReal,
    ];
  }
}

/** Standard deviations of U_cov and of the shape, in nats, within chains. */
function ofHealthy(healthy: readonly Generations[]): string {
  const deviation = (of: (generation: Generations[number]) => number): string => {
    let squares = 0;
    let freedom = 0;
    for (const values of healthy.map((chain) => chain.map(of))) {
      const centre = values.reduce((sum, y) => sum + y, 0) / values.length;
      squares += values.reduce((sum, y) => sum + (y - centre) ** 2, 0);
      freedom += values.length - 1;
    }
    return figure(Math.sqrt(squares / freedom));
  };
  const shape = deviation(({ checkpoint }) => checkpoint.matrices[0].report.quantities.shape!.value!);
  return `${deviation(({ peers }) => peers.trackTwo)} and ${shape} nats`;
}

function latencies(found: readonly (Detection | null)[]): Latencies {
  return found.map((d) => d?.at ?? null);
}

function count(flagged: readonly unknown[]): number {
  return flagged.filter((x) => x !== null).length;
}

function median(latencies: Latencies): number {
  return latencies.map((k) => k ?? Number.POSITIVE_INFINITY).sort((a, b) => a - b)[latencies.length >> 1];
}

function mean(latencies: Latencies): number {
  return latencies.reduce<number>((sum, k) => sum + (k ?? WATCHED + 1), 0) / latencies.length;
}

function noLater(ours: Latencies, theirs: Latencies): boolean {
  return count(ours) >= count(theirs) && median(ours) <= median(theirs);
}

function summary(latencies: Latencies): string {
  const middle = median(latencies);
  return `${percent(count(latencies) / latencies.length)}; ${Number.isFinite(middle) ? middle : 'never'}; ${mean(latencies).toFixed(1)}`;
}

function said(found: Detection | null): string {
  if (found === null) return 'never';
  return `${found.at}, since ${found.onset?.step ?? '-'}: ${found.kinds.join(', ')}`;
}

function percent(x: number): string {
  if (Number.isNaN(x)) return '-';
  return `${(100 * x).toFixed(x > 0 && x < 0.1 ? 1 : 0)} %`;
}

/** The middle one of ascending values. */
function middle(ascending: readonly number[]): string {
  return ascending.length === 0 ? '-' : figure(ascending[ascending.length >> 1]);
}

function figure(x: number): string {
  return Number.isNaN(x) ? '-' : Number(x.toPrecision(3)).toString();
}
