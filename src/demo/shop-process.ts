import { z } from 'zod';
import { sluiceProvider } from '../adapters/embedded/openfeature-provider.ts';
import { runShop } from './shop-run.ts';

// The shop, in a process of its own, with its flags evaluated by Sluice at `SLUICE_URL`.
const { SLUICE_URL } = z.object({ SLUICE_URL: z.url() }).parse(process.env);
await runShop(sluiceProvider({ url: SLUICE_URL }));
