import * as z from 'zod';
import { ToolRefusal, tool } from './tool.ts';

const MOST = 40;
const names = z.array(z.string()).max(MOST);

export const getDependencies = tool({
  name: 'get_dependencies',
  description:
    'Names what a service calls and what calls it. Use it where a change of one service may show in another.',
  input: z.strictObject({ component: z.string().max(200).describe('A service of this place, by name.') }),
  output: z.strictObject({ upstream: names, downstream: names }),
  isOffered: ({ dependencies, components }) => dependencies !== null && components.length > 0,
  run: async ({ component }, { dependencies, components }) => {
    if (!components.includes(component)) throw new ToolRefusal('there is no component of that name');
    const known = await dependencies?.(component);
    return {
      upstream: known?.upstream.slice(0, MOST) ?? [],
      downstream: known?.downstream.slice(0, MOST) ?? [],
    };
  },
});
