import { readReport, type Report } from '../../../client/web/src/report/report.ts';
import furnace from '../report.json';

/** The report that the tests of the command line's figures read too. */
export function furnaceReport(): Report {
  return readReport(JSON.stringify(furnace));
}
