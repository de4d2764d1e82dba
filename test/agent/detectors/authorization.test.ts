import { describe } from 'vitest';
import { detects } from './detects.ts';

describe('authorization', () => {
  detects([
    {
      title: 'a decorator that asks for a permission, in Python',
      path: 'app/orders.py',
      before: 'def cancel(request):\n    return go()\n',
      after: '@permission_required("orders.cancel")\ndef cancel(request):\n    return go()\n',
      kinds: ['auth.forbidden_rate', 'business.core_action_rate', 'http.client_error_rate'],
    },
    {
      title: 'another role in an annotation, in Java',
      path: 'src/main/java/Orders.java',
      before: 'class A {\n  @PreAuthorize("hasRole(\'ADMIN\')")\n  void a() {}\n}\n',
      after: 'class A {\n  @PreAuthorize("hasRole(\'USER\')")\n  void a() {}\n}\n',
      kinds: ['auth.forbidden_rate', 'business.core_action_rate', 'http.client_error_rate'],
    },
    {
      title: 'an attribute, in C#',
      path: 'src/Orders.cs',
      before: 'class A {\n  public void Cancel() {}\n}\n',
      after: 'class A {\n  [Authorize(Roles = "admin")]\n  public void Cancel() {}\n}\n',
      kinds: ['auth.forbidden_rate', 'business.core_action_rate', 'http.client_error_rate'],
    },
    {
      title: 'an attribute, in PHP',
      path: 'src/Orders.php',
      before: '<?php\nfunction f() {}\n',
      after: "<?php\n#[IsGranted('ROLE_ADMIN')]\nfunction f() {}\n",
      kinds: ['auth.forbidden_rate', 'business.core_action_rate', 'http.client_error_rate'],
    },
    {
      title: 'a role that is compared',
      path: 'src/shop/cancel.ts',
      before: 'function f(user) {\n  go();\n}\n',
      after: "function f(user) {\n  if (user.role !== 'admin') throw new Forbidden();\n  go();\n}\n",
      kinds: ['auth.forbidden_rate', 'business.core_action_rate', 'http.client_error_rate'],
    },
    {
      title: 'a rule of an ability, in Ruby',
      path: 'app/models/ability.rb',
      before: 'class Ability\n  can :read, Order\nend\n',
      after: 'class Ability\n  can :manage, Order\nend\n',
      kinds: ['auth.forbidden_rate', 'business.core_action_rate', 'http.client_error_rate'],
    },
    {
      title: 'a scope that is checked, in Go',
      path: 'shop.go',
      before: 'func f() {\n\tgo1()\n}\n',
      after: 'func f() {\n\tif !requireScope(ctx, "orders:write") {\n\t\treturn\n\t}\n\tgo1()\n}\n',
      kinds: ['auth.forbidden_rate', 'business.core_action_rate', 'http.client_error_rate'],
    },
    {
      title: 'not the role of an element',
      path: 'src/shop/page.ts',
      before: 'function f(id) {\n  return load(id);\n}\n',
      after: "function f(id) {\n  const role = 'button';\n  return load(id);\n}\n",
      kinds: [],
    },
    {
      title: 'not a policy of retries',
      path: 'src/shop/retry-policy.ts',
      before: 'const base = 1;\n',
      after: 'const base = 2;\n',
      kinds: [],
    },
  ]);
});
