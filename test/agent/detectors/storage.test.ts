import { describe } from 'vitest';
import { detects } from './detects.ts';

describe('storage', () => {
  detects([
    {
      title: 'a link that holds for a shorter time',
      path: 'src/shop/files.ts',
      before:
        'async function link(key) {\n  return getSignedUrl(s3, new GetObjectCommand({ Key: key }), { expiresIn: 3600 });\n}\n',
      after:
        'async function link(key) {\n  return getSignedUrl(s3, new GetObjectCommand({ Key: key }), { expiresIn: 300 });\n}\n',
      kinds: ['storage.error_rate', 'storage.egress', 'http.client_error_rate'],
    },
    {
      title: 'an upload, in Python',
      path: 'app/files.py',
      before: 'def save(f):\n    go(f)\n',
      after: 'def save(f):\n    s3_client.upload_fileobj(f, BUCKET, f.name)\n',
      kinds: ['storage.error_rate', 'storage.upload_failure_rate'],
    },
    {
      title: 'an upload, in PHP',
      path: 'app/Files.php',
      before: '<?php\ngo();\n',
      after: "<?php\nStorage::disk('s3')->put($path, $file);\n",
      kinds: ['storage.error_rate', 'storage.upload_failure_rate'],
    },
    {
      title: "not a browser's own storage",
      path: 'src/shop/theme.ts',
      before: 'function f(id) {\n  return load(id);\n}\n',
      after: 'function f(id) {\n  localStorage.get(id);\n  return load(id);\n}\n',
      kinds: [],
    },
    {
      title: `another life of a signed link, in Go`,
      path: `internal/doc/link.go`,
      before: `const linkValidity = 3 * time.Hour\n\nfunc f(k string) {\n\tp.PresignGetObject(ctx, in(k), linkValidity)\n}\n`,
      after: `const linkValidity = 2 * time.Minute\n\nfunc f(k string) {\n\tp.PresignGetObject(ctx, in(k), linkValidity)\n}\n`,
      kinds: ['storage.error_rate', 'storage.egress', 'http.client_error_rate'],
    },
    {
      title: `kinds of content that are taken`,
      path: `src/shop/scan.ts`,
      before: `function f(b, type) {\n  if (!['image/png'].includes(type)) return;\n  bucket.upload(b);\n}\n`,
      after: `function f(b, type) {\n  if (!['image/png', 'image/gif'].includes(type)) return;\n  bucket.upload(b);\n}\n`,
      kinds: ['storage.upload_failure_rate', 'http.client_error_rate', 'business.core_action_rate'],
    },
    {
      title: `not kinds of content where nothing is stored`,
      path: `src/shop/scan.ts`,
      before: `function f(b, type) {\n  if (!['image/png'].includes(type)) return;\n  go(b);\n}\n`,
      after: `function f(b, type) {\n  if (!['image/png', 'image/gif'].includes(type)) return;\n  go(b);\n}\n`,
      kinds: [],
    },
  ]);
});
