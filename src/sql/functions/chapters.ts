/** The chapters: every table of implementations, by name. registry.test.ts holds them against pg_proc. */
import type { Implementations } from '../function.ts';
import { aclFunctions } from './acl.ts';
import { aggregateFunctions } from './aggregates.ts';
import { arrayFunctions } from './array.ts';
import { booleanFunctions } from './boolean.ts';
import { byteaFunctions } from './bytea.ts';
import { castFunctions } from './casts.ts';
import { comparisonFunctions } from './comparison.ts';
import { dateTimeComparisonFunctions } from './comparison-date-time.ts';
import { dateTimeArithmeticFunctions } from './date-time-arithmetic.ts';
import { dateTimeFieldFunctions } from './date-time-fields.ts';
import { dateTimeMakingFunctions } from './date-time-making.ts';
import { dateTimeSeriesFunctions } from './date-time-series.ts';
import { dsqlFunctions } from './dsql.ts';
import { floatFunctions } from './float.ts';
import { formattingFunctions } from './formatting.ts';
import { hashFunctions } from './hash.ts';
import { inetFunctions } from './inet.ts';
import { informationSchemaFunctions } from './information-schema.ts';
import { integerFunctions } from './integer.ts';
import { jsonAccessFunctions } from './json-access.ts';
import { jsonBuildingFunctions } from './json-building.ts';
import { jsonPopulationFunctions } from './json-population.ts';
import { jsonbAccessFunctions } from './jsonb-access.ts';
import { jsonbChangeFunctions } from './jsonb-change.ts';
import { jsonpathFunctions } from './jsonpath.ts';
import { keywordFunctions } from './keywords.ts';
import { likeFunctions } from './like.ts';
import { mathFunctions } from './math.ts';
import { numericFunctions } from './numeric.ts';
import { orderedAggregateFunctions } from './ordered-aggregates.ts';
import { partitionFunctions } from './partitions.ts';
import { regexFunctions } from './regex.ts';
import { seriesFunctions } from './series.ts';
import { sessionFunctions } from './session.ts';
import { sizeFunctions } from './size.ts';
import { statisticsFunctions } from './statistics.ts';
import { stringFunctions } from './string.ts';
import { textBuildingFunctions } from './text-building.ts';
import { timeZoneNameFunctions } from './time-zone-names.ts';
import { uuidFunctions } from './uuid.ts';
import { windowFunctions } from './window.ts';
import { windowRangeFunctions } from './window-range.ts';

export const chapters: Readonly<Record<string, Implementations>> = {
  aggregates: aggregateFunctions,
  array: arrayFunctions,
  boolean: booleanFunctions,
  bytea: byteaFunctions,
  casts: castFunctions,
  comparison: comparisonFunctions,
  comparisonDateTime: dateTimeComparisonFunctions,
  dateTimeArithmetic: dateTimeArithmeticFunctions,
  dateTimeFields: dateTimeFieldFunctions,
  dateTimeMaking: dateTimeMakingFunctions,
  dateTimeSeries: dateTimeSeriesFunctions,
  dsql: dsqlFunctions,
  float: floatFunctions,
  formatting: formattingFunctions,
  hash: hashFunctions,
  inet: inetFunctions,
  informationSchema: informationSchemaFunctions,
  integer: integerFunctions,
  keywords: keywordFunctions,
  jsonAccess: jsonAccessFunctions,
  jsonBuilding: jsonBuildingFunctions,
  jsonPopulation: jsonPopulationFunctions,
  jsonbAccess: jsonbAccessFunctions,
  jsonbChange: jsonbChangeFunctions,
  jsonpath: jsonpathFunctions,
  like: likeFunctions,
  math: mathFunctions,
  numeric: numericFunctions,
  orderedAggregates: orderedAggregateFunctions,
  partitions: partitionFunctions,
  regex: regexFunctions,
  series: seriesFunctions,
  acl: aclFunctions,
  session: sessionFunctions,
  size: sizeFunctions,
  statistics: statisticsFunctions,
  string: stringFunctions,
  textBuilding: textBuildingFunctions,
  timeZoneNames: timeZoneNameFunctions,
  uuid: uuidFunctions,
  window: windowFunctions,
  windowRange: windowRangeFunctions,
};
