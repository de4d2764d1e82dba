import { describe, expect, test } from 'vitest';
import { diffOf, planOf } from '../diff-writing.ts';

const BEFORE = `resource "aws_sqs_queue" "orders" {
  name                       = "orders"
  visibility_timeout_seconds = 120
  redrive_policy = jsonencode({
    maxReceiveCount = 5
  })
}
`;
const CALL = `module "orders" {
  source                     = "./modules/queue"
  visibility_timeout_seconds = 120
  max_receive_count          = 5
}

moved {
  from = aws_sqs_queue.orders
  to   = module.orders.aws_sqs_queue.this
}
`;
const MODULE = `resource "aws_sqs_queue" "this" {
  name                       = var.name
  visibility_timeout_seconds = var.visibility_timeout_seconds
  redrive_policy = jsonencode({
    maxReceiveCount = var.max_receive_count
  })
}
`;

const checksOf = async (call: string) =>
  (
    await planOf(
      diffOf('infra/queues.tf', BEFORE, call) + diffOf('infra/modules/queue/main.tf', null, MODULE),
    )
  ).checks;

describe('a resource that gets another address', () => {
  test('asks for nothing where every number is what it was', async () => {
    expect(await checksOf(CALL)).toEqual([]);
  });

  test.each([
    ['another number', CALL.replace('= 120', '= 30')],
    ['no word to the state', CALL.slice(0, CALL.indexOf('moved {'))],
  ])('asks with %s', async (_, call) => {
    expect((await checksOf(call)).length).toBeGreaterThan(0);
  });
});
