//! The half of gradus that acts: a durable engine for the Amazon States Language, and the service
//! on top of it.
//!
//! [`engine`] drives the pure executions of `gradus-core`; [`store`] is where their facts live;
//! [`tasks`] carries out what they ask for; [`service`] answers the AWS Step Functions API from
//! all three. The arrows go one way: `store <- engine <- service`, and `tasks` knows commands.

pub mod engine;
pub mod logs;
pub mod service;
pub mod store;
pub mod tasks;
