# Through a connection pooler: sessions of the server serve many clients, one after the other, with DISCARD ALL in between, in
# session mode and in transaction mode, with prepared statements, with settings and open transactions that clients leave behind.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use Blog;
use PostgreSQL::Test::Utils;
use Test::More;

my $bouncer = (grep { -x } map { "$_/pgbouncer" } split(/:/, $ENV{PATH}), '/usr/sbin')[0]
  or cannot_run('pgbouncer is not installed');
my $node = new_server('pooled');
my $db = 'postgres';
make_blog($node, $db);
my $folder = PostgreSQL::Test::Utils::tempdir_short();
my $port = PostgreSQL::Test::Cluster::get_free_port();
my $daemon;
END { stop_bouncer() }

# Starts the pooler in one mode; two sessions of the server for everybody.
sub start_bouncer
{
	my ($mode, $always) = @_;
	PostgreSQL::Test::Utils::append_to_file("$folder/$mode.ini", sprintf(q{
[databases]
blog = host=%s port=%d dbname=%s user=%s
[pgbouncer]
listen_addr =
unix_socket_dir = %s
listen_port = %d
auth_type = any
pool_mode = %s
default_pool_size = 2
server_reset_query = DISCARD ALL
server_reset_query_always = %d
ignore_startup_parameters = extra_float_digits
logfile = %s/%s.log
}, $node->host, $node->port, $db, $ENV{USER} // (getpwuid $<)[0], $folder, $port, $mode, $always, $folder, $mode));
	$daemon = IPC::Run::start [ $bouncer, '-q', "$folder/$mode.ini" ], '<', \undef, '>', \my $out, '2>', \my $err;
	for my $try (1 .. 100)
	{
		return if -S "$folder/.s.PGSQL.$port";
		select(undef, undef, undef, 0.1);
	}
	die 'pgbouncer does not start: ' . slurp_file("$folder/$mode.log");
}

sub stop_bouncer
{
	return unless $daemon;
	$daemon->signal('INT');
	$daemon->finish;
	undef $daemon;
	return;
}

my $pooled = "host=$folder port=$port dbname=blog";

# One client: a connection to the pooler, statement by statement.
sub client
{
	my @statements = map { ('-c', $_) } @_;
	my ($out, $err) = ('', '');
	IPC::Run::run [ 'psql', '-XAtq', @statements, '-d', $pooled ], '<', \undef, '>', \$out, '2>', \$err;
	diag($err) if $err ne '';
	chomp $out;
	return $out;
}

my $script = "$folder/load.sql";
PostgreSQL::Test::Utils::append_to_file($script, q{
	\set post random(1, 50)
	\set user random(1, 10)
	BEGIN;
	INSERT INTO tb_comment (fk_post, fk_user, body) VALUES (:post, :user, 'pooled');
	UPDATE tb_user SET name = 'user ' || :user || ' as of ' || :post WHERE pk_user = :user;
	SELECT count(*) FROM tv_post WHERE pk_post = :post;
	COMMIT;
	DELETE FROM tb_comment WHERE pk_comment = (SELECT min(pk_comment) FROM tb_comment WHERE fk_post = :post);
	SELECT data FROM tv_user WHERE pk_user = :user;
});

# pgbouncer 1.18 knows prepared statements of the protocol in session mode alone.
foreach my $case ([ 'session', 0, 'prepared' ], [ 'session', 0, 'extended' ], [ 'transaction', 0, 'extended' ],
	[ 'transaction', 1, 'simple' ])
{
	my ($mode, $always, $protocol) = @$case;
	my $name = "$mode mode" . ($always ? ', DISCARD ALL always' : '') . ", $protocol protocol";
	start_bouncer($mode, $always);

	# Clients leave settings, prepared statements and temporary objects behind.
	client(q{SET search_path = pg_catalog}, q{SET TimeZone = 'Asia/Tokyo'}, q{BEGIN},
		q{PREPARE rename AS UPDATE public.tb_user SET name = $1 WHERE pk_user = $2}, q{EXECUTE rename('one', 1)}, q{COMMIT},
		$mode eq 'session' ? q{EXECUTE rename('two', 2)} : q{RESET ALL; DEALLOCATE ALL});
	is(client(q{UPDATE tb_user SET name = 'next' WHERE pk_user = 3; SELECT data->>'name' FROM tv_user WHERE pk_user = 3}), 'next',
		"$name: the next client's write is maintained");
	is_exact($node, $db, "$name, after clients that left something behind");

	# One of them leaves in the middle of a transaction, which had flushed.
	client('BEGIN', q{UPDATE tb_user SET name = 'left' WHERE pk_user = 4},
		q{SELECT count(*) FROM tv_user}, q{DISCARD PLANS}, q{SAVEPOINT s}, q{DELETE FROM tb_comment WHERE fk_user = 4});
	isnt(client(q{SELECT data->>'name' FROM tv_user WHERE pk_user = 4}), 'left', "$name: of a client that left nothing remains");
	client(q{UPDATE tb_user SET name = 'after' WHERE pk_user = 4});
	is_exact($node, $db, "$name, after that");

	# DISCARD ALL by a client, between its own writes; in session mode.
	client(q{UPDATE tb_post SET title = 'before' WHERE pk_post = 1}, 'DISCARD ALL',
		q{UPDATE tb_post SET title = 'after' WHERE pk_post = 1}, 'DISCARD ALL', q{DELETE FROM tb_comment WHERE fk_post = 2});
	is_exact($node, $db, "$name, after DISCARD ALL");

	# Many clients share the two sessions.
	my ($out, $err) = ('', '');
	ok(IPC::Run::run(
			[ 'pgbench', '-n', '-c', $mode eq 'session' ? 2 : 8, '-t', $mode eq 'session' ? 100 : 25, '--max-tries', '100',
				'-M', $protocol, '-f', $script, $pooled ],
			'<', \undef, '>', \$out, '2>', \$err), "$name: load") or diag($err);
	is_exact($node, $db, "$name, after load");
	if ($mode eq 'session')
	{
		ok(IPC::Run::run([ 'pgbench', '-n', '-C', '-c', '6', '-t', '8', '--max-tries', '100', '-f', $script, $pooled ],
				'<', \undef, '>', \$out, '2>', \$err), "$name: load with a new connection for each transaction") or diag($err);
		is_exact($node, $db, "$name, after that load");
	}
	is($node->safe_psql($db, q{SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'}), '0', "$name: no lock is left behind");
	stop_bouncer();
}
$node->stop;
done_testing();
