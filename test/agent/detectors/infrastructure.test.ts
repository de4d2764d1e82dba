import { describe } from 'vitest';
import { detects } from './detects.ts';

describe('infrastructure', () => {
  detects([
    {
      title: 'fewer instances',
      path: 'deploy/app.yaml',
      before: 'spec:\n  replicas: 6\n',
      after: 'spec:\n  replicas: 3\n',
      kinds: ['http.latency_p95', 'http.error_rate', 'process.cpu'],
    },
    {
      title: 'another database server',
      path: 'infra/main.tf',
      before: 'resource "aws_db_instance" "orders" {\n  instance_class = "db.m5.large"\n}\n',
      after: 'resource "aws_db_instance" "orders" {\n  instance_class = "db.t3.medium"\n}\n',
      kinds: ['db.query_latency_p95', 'db.error_rate', 'db.pool_saturation'],
    },
    {
      title: 'a switch',
      path: 'config/flags.yaml',
      before: 'features:\n  new_checkout: false\n',
      after: 'features:\n  new_checkout: true\n',
      kinds: ['http.error_rate', 'business.core_action_rate', 'http.latency_p95'],
    },
    {
      title: 'a way through the network',
      path: 'infra/net.tf',
      before: 'resource "aws_security_group" "app" {\n  to_port = 443\n}\n',
      after: 'resource "aws_security_group" "app" {\n  to_port = 80\n}\n',
      kinds: ['dependency.error_rate', 'http.error_rate'],
    },
    {
      title: 'a timeout of a proxy',
      path: 'deploy/nginx.conf',
      before: 'proxy_read_timeout 60s;\n',
      after: 'proxy_read_timeout 10s;\n',
      kinds: ['http.error_rate', 'http.latency_p95'],
    },
    {
      title: 'not an alarm',
      path: 'infra/alarm.tf',
      before: 'resource "aws_cloudwatch_metric_alarm" "x" {\n  threshold = 5\n}\n',
      after: 'resource "aws_cloudwatch_metric_alarm" "x" {\n  threshold = 10\n}\n',
      kinds: [],
    },
  ]);
});
