-- Who may use Cronos. Operators may read these names.

create table user_entity (
  id       text primary key,                  -- a ULID: the `uid` of tokens, the owner of jobs
  username varchar(255) not null,             -- as signed up, trimmed; letter case counts
  email    varchar(320) not null,             -- lower-cased
  password text         not null,             -- argon2id, or bcrypt from an earlier system
  -- Sign-in and resolve look users up by name.
  constraint user_entity_username_key unique (username),
  constraint user_entity_email_key unique (email)
);

create table role_entity (
  name varchar(64) primary key
);

create table role_scopes (
  role_name varchar(64) not null references role_entity (name) on delete cascade,
  scope     varchar(64) not null,
  primary key (role_name, scope)
);

create table user_roles (
  user_id   text        not null references user_entity (id) on delete cascade,
  role_name varchar(64) not null references role_entity (name) on delete cascade,
  primary key (user_id, role_name)
);

insert into role_entity (name) values ('ROLE_USER');

insert into role_scopes (role_name, scope)
values ('ROLE_USER', 'jobs.create'), ('ROLE_USER', 'jobs.read'), ('ROLE_USER', 'jobs.update');

-- Each user with all roles, and all scopes of these, once and in order: what a token says.
create view user_grants as
select users.id, users.username, users.password,
       array(select role_name::text
               from user_roles
              where user_id = users.id
              order by 1) as roles,
       array(select distinct scope::text
               from user_roles join role_scopes using (role_name)
              where user_id = users.id
              order by 1) as scopes
  from user_entity users;
