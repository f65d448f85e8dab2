-- The names of the queues that hold a job or are paused.
#include base

return call('HKEYS', P .. 'q')
