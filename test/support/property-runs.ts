import fc from 'fast-check';

/** Runs of a property that names no number of its own; raise it for a longer hunt: `SLUICE_PROPERTY_RUNS=5000 npm test`. */
fc.configureGlobal({ numRuns: Number(process.env['SLUICE_PROPERTY_RUNS'] ?? 50) });
