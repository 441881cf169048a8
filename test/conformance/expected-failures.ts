/** Recorded cases that fail, each with what is missing. The test fails when one of them passes: then it has to leave this list. */
export const expectedFailures: Readonly<Record<string, string>> = {};
