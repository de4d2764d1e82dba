import { describe } from 'vitest';
import { detects } from './detects.ts';

describe('serialization', () => {
  detects([
    {
      title: 'a schema that asks for more',
      path: 'src/shop/order.ts',
      before: 'const Order = z.object({\n  id: z.string(),\n});\n',
      after: 'const Order = z.object({\n  id: z.string().uuid(),\n});\n',
      kinds: ['serialization.error_rate', 'http.client_error_rate', 'business.core_action_rate'],
    },
    {
      title: 'a name on the wire, in Go',
      path: 'order.go',
      before: 'type Order struct {\n\tTotal int `json:"total"`\n}\n',
      after: 'type Order struct {\n\tTotal int `json:"total_cents"`\n}\n',
      kinds: ['serialization.error_rate', 'http.client_error_rate'],
    },
    {
      title: 'a body that is parsed, in Rust',
      path: 'src/order.rs',
      before: 'fn f() {\n    go();\n}\n',
      after: 'fn f() {\n    let o: Order = serde_json::from_str(&body)?;\n}\n',
      kinds: ['serialization.error_rate', 'http.client_error_rate'],
    },
    {
      title: 'a property with another name, in Java',
      path: 'src/main/java/Order.java',
      before: 'class Order {\n  @JsonProperty("total")\n  int total;\n}\n',
      after: 'class Order {\n  @JsonProperty("sum")\n  int total;\n}\n',
      kinds: ['serialization.error_rate', 'http.client_error_rate'],
    },
    {
      title: 'not a file of our own that is parsed',
      path: 'src/shop/page.ts',
      before: 'function f(id) {\n  return load(id);\n}\n',
      after: 'function f(id) {\n  const table = JSON.parse(own);\n  return load(id);\n}\n',
      kinds: [],
    },
  ]);
});
