-- Before a step: how many documents there are, and the time.  The step's description is in :what.
SELECT (SELECT count(*) FROM tv_product) + (SELECT count(*) FROM tv_rating)
     + (SELECT count(*) FROM tv_post) + (SELECT count(*) FROM tv_user) AS before \gset
SELECT clock_timestamp() AS start \gset
