import { describe } from 'vitest';
import { detects } from './detects.ts';

describe('front end', () => {
  detects([
    {
      title: 'a part that is loaded later',
      path: 'src/components/cart.tsx',
      before: 'export function Cart() {\n  return <List />;\n}\n',
      after: "const List = lazy(() => import('./list'));\nexport function Cart() {\n  return <List />;\n}\n",
      kinds: ['frontend.js_error_rate', 'frontend.web_vitals', 'business.core_action_rate'],
    },
    {
      title: 'a button that places an order',
      path: 'src/components/checkout.tsx',
      before: 'export function Pay() {\n  return <b />;\n}\n',
      after: 'export function Pay() {\n  return <button onClick={() => submitOrder(cart)} />;\n}\n',
      kinds: ['frontend.js_error_rate', 'business.core_action_rate', 'frontend.web_vitals'],
    },
    {
      title: 'what goes into the bundle',
      path: 'vite.config.ts',
      before: 'export default defineConfig({\n  build: { minify: true },\n});\n',
      after: 'export default defineConfig({\n  build: { minify: false },\n});\n',
      kinds: ['frontend.web_vitals', 'frontend.js_error_rate', 'business.core_action_rate'],
    },
    {
      title: 'not another class',
      path: 'src/components/cart.tsx',
      before: '  <div className="a">\n',
      after: '  <div className="b">\n',
      kinds: [],
    },
    {
      title: 'not a style',
      path: 'src/components/cart.css',
      before: '.a { color: red; }\n',
      after: '.a { color: blue; }\n',
      kinds: [],
    },
    {
      title: 'not a service that is called storefront',
      path: 'services/storefront/src/price.ts',
      before: 'const a = go(1);\n',
      after: 'const a = go(2);\n',
      kinds: [],
    },
    {
      title: 'the screens of a service that is called storefront',
      path: 'services/storefront/src/components/price.ts',
      before: 'const a = go(1);\n',
      after: 'const a = go(2);\n',
      kinds: ['frontend.js_error_rate', 'business.core_action_rate'],
    },
  ]);
});
