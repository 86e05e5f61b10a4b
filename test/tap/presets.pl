# The presets of docs/operations/presets: each applied as its head says, to a server with TVIEWs; every setting must take, and a load
# of concurrent writers under it must leave exact documents, nobody waiting and nothing for the health check to warn of.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use Blog;
use PostgreSQL::Test::Utils;
use Test::More;

my ($memory) = slurp_file('/proc/meminfo') =~ /^MemTotal:\s+(\d+) kB/m;
foreach my $preset (qw(small medium large))
{
	my $file = "$FindBin::Bin/../../docs/operations/presets/$preset.sql";
	my %wanted = slurp_file($file) =~ /^ALTER SYSTEM SET (\S+) = '(.*)';$/mg;
	my $node = new_server($preset, "shared_preload_libraries = 'auto_explain'");
	make_blog($node, 'postgres');
	# A table to which the toast setting applies and one with a name that needs quoting.
	$node->safe_psql('postgres', q{CREATE SCHEMA "My Shop"; CREATE TABLE "My Shop"."tv_Post" AS SELECT pk_post AS "pk_Post", title FROM tb_post});
	command_ok([ 'psql', '-XqAt', '-v', 'ON_ERROR_STOP=1', '-d', $node->connstr('postgres'), '-f', $file ], "$preset: applied");
	command_ok([ 'psql', '-XqAt', '-v', 'ON_ERROR_STOP=1', '-d', $node->connstr('postgres'), '-f', $file ], "$preset: and once more");
	$node->reload;
	is($node->safe_psql('postgres', q{SELECT name, error FROM pg_file_settings WHERE sourcefile ~ 'postgresql.auto.conf$'
		AND error IS NOT NULL AND error <> 'setting could not be applied'}), '', "$preset: no line is wrong");

	# A machine smaller than the preset's cannot map its shared buffers; all other settings it can.
	my $buffers = delete $wanted{shared_buffers};
	if ($memory < 2 * 1024 * 1024 * ($buffers =~ /^(\d+)GB$/)[0])
	{
		is($node->safe_psql('postgres', q{SELECT setting FROM pg_file_settings WHERE name = 'shared_buffers' AND sourcefile ~ 'auto.conf$'}),
			$buffers, "$preset: shared_buffers is written");
		$node->safe_psql('postgres', q{ALTER SYSTEM SET shared_buffers = '128MB'});
	}
	else
	{
		$wanted{shared_buffers} = $buffers;
	}
	$node->restart;
	is($node->safe_psql('postgres', "SELECT pg_tviews_version() <> '', current_setting('$_')"), "t|$wanted{$_}", "$preset: $_") foreach sort keys %wanted;
	cmp_ok(scalar keys %wanted, '>=', 18, "$preset: that is all of them");
	is($node->safe_psql('postgres', 'SHOW shared_preload_libraries'), 'auto_explain, pg_tviews', "$preset: preloaded beside what was");
	is($node->safe_psql('postgres', 'SELECT count(*) FROM pg_settings WHERE pending_restart'), '0', "$preset: nothing waits for a restart");
	is($node->safe_psql('postgres', q{SELECT count(*) FROM pg_tviews_registry JOIN pg_class c ON c.oid = tview::regclass
		LEFT JOIN pg_class t ON t.oid = c.reltoastrelid
		WHERE 'autovacuum_vacuum_scale_factor=0.05' = ALL (ARRAY(SELECT o FROM unnest(c.reloptions || t.reloptions) AS o WHERE o ~ 'vacuum_scale'))
			AND 'autovacuum_vacuum_scale_factor=0.05' = ANY (c.reloptions)}), '4', "$preset: storage of all TVIEWs");

	# pg_locks shows what the lock table holds; its size must allow what the formula in the file promises.
	is($node->safe_psql('postgres', q{SELECT 2 * 3 * current_setting('pg_tviews.max_fine_locks')::bigint * 4 * cores
			<= current_setting('max_locks_per_transaction')::bigint * (current_setting('max_connections')::bigint + 22)
		FROM (VALUES (} . { small => 2, medium => 8, large => 32 }->{$preset} . q{)) AS c (cores), (SELECT pg_tviews_version()) AS loaded}),
		't', "$preset: locks as its formula says");

	IPC::Run::finish start_load($node, 'postgres', 8, 4);
	$node->safe_psql('postgres', 'VACUUM ANALYZE');
	is($node->safe_psql('postgres', q{SELECT component, severity, message FROM pg_tviews_health_check(1) WHERE severity <> 'info'}), '',
		"$preset: healthy after a load");
	is($node->safe_psql('postgres', q{SELECT sum(refreshes) > 100, sum(errors) FROM pg_tviews_performance_summary}), 't|0', "$preset: there was one");
	is_exact($node, 'postgres', "under $preset");
	$node->stop;
}

done_testing();
