# Sessions that make, change and drop tables and TVIEWs of their own do not stand in each other's way: no deadlock, no error.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use Blog;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = new_server('ddl', 'deadlock_timeout = 20ms');
my $db = 'postgres';
make_blog($node, $db);
my $folder = PostgreSQL::Test::Utils::tempdir();
append_to_file("$folder/own.sql", q{
	CREATE TABLE tb_:client_id (id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY, x integer);
	CREATE TABLE tv_:client_id AS SELECT id AS pk_:client_id, jsonb_build_object('x', x) AS data FROM tb_:client_id;
	INSERT INTO tb_:client_id (x) VALUES (1), (2);
	CREATE INDEX ON tb_:client_id (x);
	ALTER TABLE tb_:client_id ADD COLUMN y integer;
	ALTER TABLE tb_:client_id ALTER COLUMN x SET DEFAULT 3;
	INSERT INTO tb_:client_id (y) VALUES (2);
	DROP TABLE tb_:client_id CASCADE;
});
$node->command_ok([ 'pgbench', '-n', '-c', '6', '-j', '2', '-t', 40, '-f', "$folder/own.sql", $node->connstr($db) ],
	'six sessions make and drop TVIEWs');
is(join('', grep { /ERROR:/ } split /^/, slurp_file($node->logfile)), '', 'without an error');
is_exact($node, $db, 'afterwards');
is($node->safe_psql($db, q{SELECT count(*) FROM pg_tviews_registry WHERE entity ~ '^[0-9]'}), '0', 'and none of theirs is left');
$node->stop;
done_testing();
