import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    setupFiles: ['test/support/property-runs.ts'],
    testTimeout: 30_000,
    // Many tests wait for processes and sockets of their own: one worker more than cores keeps the cores busy.
    maxWorkers: 3,
    // No test leaves anything behind in module state; sharing a worker saves loading the house anew for each file.
    isolate: false,
    // Child processes of the tests start the command line dozens of times.
    env: { NODE_COMPILE_CACHE: join(tmpdir(), 'sluice-compile-cache') },
    coverage: { provider: 'v8', include: ['src/**'], exclude: ['src/demo/**'] },
  },
});
