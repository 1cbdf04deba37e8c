/** Which dirty regions go to the disk, and when. How they get there safely is the cache's own business. */
package io.brickcache.demotion;
