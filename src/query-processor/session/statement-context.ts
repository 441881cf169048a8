/**
 * Statement context: what functions ask of the running statement (sql/function.ts). A class, so that the map of outer values, which few
 * statements have, is made when the first is set: one context is made a statement, and point queries are many.
 */
import type { Datum } from '#sql/datum.ts';
import type { EvaluationContext } from '#sql/function.ts';

type Parts = Omit<EvaluationContext, 'outerValues'>;

export class StatementContext implements EvaluationContext {
  readonly settings: Parts['settings'];
  readonly transactionTimestamp: Parts['transactionTimestamp'];
  readonly names: Parts['names'];
  readonly remark: Parts['remark'];
  readonly statementTimestamp: Parts['statementTimestamp'];
  readonly clock: Parts['clock'];
  readonly random: Parts['random'];
  readonly parameters: Parts['parameters'];
  readonly session: Parts['session'];
  #outerValues: Map<number, Datum> | undefined;

  constructor(parts: Parts) {
    this.settings = parts.settings;
    this.transactionTimestamp = parts.transactionTimestamp;
    this.names = parts.names;
    this.remark = parts.remark;
    this.statementTimestamp = parts.statementTimestamp;
    this.clock = parts.clock;
    this.random = parts.random;
    this.parameters = parts.parameters;
    this.session = parts.session;
  }

  get outerValues(): Map<number, Datum> {
    this.#outerValues ??= new Map();
    return this.#outerValues;
  }
}
