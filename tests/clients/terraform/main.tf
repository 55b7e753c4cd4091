terraform {
  required_providers {
    aws = { source = "hashicorp/aws" }
  }
}

provider "aws" {
  region = "eu-west-1"
}

variable "answer" {
  default = "one"
}

data "aws_caller_identity" "me" {}

resource "aws_sfn_activity" "work" {
  name = "tf-work"
  tags = { answer = var.answer }
}

resource "aws_sfn_state_machine" "flow" {
  name     = "tf-flow"
  role_arn = "arn:aws:iam::${data.aws_caller_identity.me.account_id}:role/any"
  publish  = true
  tags     = { answer = var.answer }
  definition = jsonencode({
    StartAt = "Answer"
    States  = { Answer = { Type = "Pass", Result = var.answer, End = true } }
  })
}

resource "aws_sfn_alias" "live" {
  name = "live"
  routing_configuration {
    state_machine_version_arn = aws_sfn_state_machine.flow.state_machine_version_arn
    weight                    = 100
  }
}

data "aws_sfn_state_machine" "found" {
  name = aws_sfn_state_machine.flow.name
}

output "account" {
  value = data.aws_caller_identity.me.account_id
}

output "found" {
  value = data.aws_sfn_state_machine.found.arn == aws_sfn_state_machine.flow.arn
}
