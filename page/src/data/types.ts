/** The documents that the page is fed with; docs/reference/page-data.md describes them. */

export interface Overview {
  version: number;
  user: string | null;
  writes: boolean;
  mlflow: string | null;
  experiments: { id: string; name: string; runs: number }[];
  studies: StudyEntry[];
}

export interface StudyEntry {
  run_id: string;
  name: string;
  experiment_id: string;
  started: number | null;
  status: string;
  task: string | null;
  dataset: string | null;
}

/** A column of texts: `codes[i]` is a place in `levels`, -1 where the run has none. */
export interface Coded {
  levels: string[];
  codes: number[];
}

export type Direction = "min" | "max";

/** Which columns are compared; a param or a tag is named `params.NAME`, `tags.NAME`. */
export interface Columns {
  x: string;
  y: string;
  group: string | null;
  marker: string[];
  replicate: string | null;
  x_direction: Direction;
  y_direction: Direction;
}

export interface StudyFacts {
  run_id: string;
  name: string;
  experiment_id: string;
  task: string;
  dataset: string;
  layers: number[];
  /** MLflow's; missing from reports of earlier versions, as are the next ones. */
  status?: string;
  rows: number | null;
  /** All rows of the table, whatever they are for. */
  rows_total?: number | null;
  columns?: number | null;
  /** The run of the network that is recommended. */
  recommended?: string | null;
  /** Floor and error without weights of the errors on each part of the rows. */
  measures?: Record<string, { floor: number | null; null_error: number | null }>;
  floor: number | null;
  null_error: number | null;
  connections_total: number | null;
  connection_threshold: number;
  index: IndexName;
  groups: string[];
  settings: Record<string, string>;
}

export type IndexName = "area_marker" | "area_axis" | "hypervolume_gap";

export interface Runs {
  ids: string[];
  names: string[];
  experiments: Coded;
  statuses: Coded;
  /** The studies of the runs; missing from reports of earlier versions. */
  parents?: Coded;
  started: (number | null)[];
  metrics: Record<string, (number | null)[]>;
  params: Record<string, Coded>;
  tags: Record<string, Coded>;
  truncated: boolean;
  /** Metrics, params and tags that too few runs have; missing from reports of earlier versions. */
  columns_left_out?: number;
  /** How many runs the experiments hold besides, by why they are not among these. */
  left_out?: { failed: number; running: number; without_metric: number };
  /** Where the runs have too few metrics, no axis is proposed. */
  defaults: Omit<Columns, "x" | "y"> & { x: string | null; y: string | null };
  studies: StudyFacts[];
  bootstrap: { confidence: number; seeds: number; draws: number[][] | null } | null;
}

export interface NetworkDetail {
  run_id: string;
  name: string;
  params: Record<string, string>;
  metrics: Record<string, number | null>;
  study: string | null;
  task: string;
  code_layer: number | null;
  layers: { units: string[]; activation: string | null }[];
  variables: { name: string; inputs: number[] }[];
  /** How much each input varies over the rows: the variance of Σ w x is Σ squares·w² − (Σ means·w)². */
  moments: { squares: number[]; means: number[] } | null;
  /** From layer k to layer k + 1: `[unit of layer k + 1][unit of layer k]`. */
  weights: number[][][];
  biases: number[][];
  threshold: number;
  connections: number;
  connections_total: number;
  dead_units: boolean[][];
  sweep: Sweep | null;
  losses: { variable: string; loss: number | null; variance: number | null }[] | null;
  /** Of a regressor: by how much each column moves each target, on average; missing from older reports. */
  effects?: Effect[] | null;
  codes: CodeReading[] | null;
  variables_read: VariableReading[] | null;
  sentences: string[];
}

/** For one unit of a column of numbers, or for a level instead of the reference. */
export interface Effect {
  target: string;
  variable: string;
  level: string | null;
  reference: string | null;
  effect: number | null;
}

export interface Sweep {
  thresholds: number[];
  connections: (number | null)[];
  squared_error: (number | null)[];
  accuracy: (number | null)[] | null;
}

export interface CodeReading {
  code: number;
  kind: "identity" | "pseudo-identity" | "mixed" | "transfer" | "constant" | "dead";
  fed_by: string[];
  rebuilds: string[];
}

export interface VariableReading {
  variable: string;
  kind: "alone" | "shared" | "crossed" | "lost" | "faint" | "ignored";
  feeds: number[];
  rebuilt_by: number[];
  partners: string[];
}

export interface History {
  metrics: Record<string, { steps: number[]; values: (number | null)[] }>;
}

export interface Registered {
  name: string;
  version: string;
  address: string;
}

/** What the file of one network holds. */
export interface EmbeddedNetwork {
  network: NetworkDetail;
}

/** What a report file holds. */
export interface Embedded {
  overview: Overview;
  runs: Runs;
  networks: Record<string, NetworkDetail>;
  histories: Record<string, History>;
  report: { title: string };
}
