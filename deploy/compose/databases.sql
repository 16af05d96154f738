-- Run by PostgreSQL's container once, when its volume is new. The services make their tables.
create database userdb;
create database jobs;
