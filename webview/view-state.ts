/** What a person has set in the panel, kept while it is hidden and across reloads. */
export interface ViewState {
  readonly tensor: string | null;
  /** Whether the spectrum's rank axis is logarithmic. */
  readonly logRank: boolean;
  /** Whether its eigenvalue axis is. */
  readonly logValue: boolean;
  /** Key of the quantity whose bounds are shown; null for the first that has some. */
  readonly bounds: string | null;
  readonly filter: string;
  /** Ids of the details that stand open. */
  readonly open: readonly string[];
}

const INITIAL: ViewState = { tensor: null, logRank: true, logValue: true, bounds: null, filter: '', open: [] };

/** What was saved, member by member, with the initial value where a member is missing or of another type. */
export function restoreViewState(saved: unknown): ViewState {
  if (typeof saved !== 'object' || saved === null) return INITIAL;
  const { tensor, logRank, logValue, bounds, filter, open } = saved as Record<string, unknown>;
  return {
    tensor: typeof tensor === 'string' ? tensor : INITIAL.tensor,
    logRank: typeof logRank === 'boolean' ? logRank : INITIAL.logRank,
    logValue: typeof logValue === 'boolean' ? logValue : INITIAL.logValue,
    bounds: typeof bounds === 'string' ? bounds : INITIAL.bounds,
    filter: typeof filter === 'string' ? filter : INITIAL.filter,
    open: Array.isArray(open) ? open.filter((id) => typeof id === 'string') : INITIAL.open,
  };
}
